#pragma once
// Bytes of the messages between members: what the frame member_message carries (wire/repl). Fields in declared order: integers
// little-endian in their width, bool and enums one byte, strings and lists with a u32 count. Pure.
//
// I1 decode(encode(m)) == m in every field. Other bytes (short, long, unknown kind or enum value) are errc::protocol.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "replication/ha/messages.hpp"

namespace helios::replication::ha {

std::string encode(const message& m);
result<message> decode_message(std::string_view bytes);

}  // namespace helios::replication::ha
