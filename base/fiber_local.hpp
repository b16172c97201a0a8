#pragma once
// One pointer per flow of control: it stays with a fiber across its suspensions, whatever thread resumes it, and with a
// thread outside of fibers. Any thread; each sees its own.
//
// I1 Whoever switches stacks saves the pointer of the one that it leaves and sets that of the one that it enters.

namespace helios {

const void* fiber_local();
void set_fiber_local(const void* value);

}  // namespace helios
