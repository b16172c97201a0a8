#include "actors/proxy/work_unit.hpp"

#include <algorithm>

namespace helios::actors {

void classify(work_unit& unit, const std::vector<statement_facts>& facts) {
  using kind = sql::statement_class;
  for (const auto& f : facts) {
    const bool begins = f.kind == kind::begin || f.kind == kind::begin_read_only;
    const bool setting = f.kind == kind::session && f.effect != session_effect::local_object;
    const bool read_only = f.kind == kind::begin_read_only;
    const need wants = f.kind == kind::read ? need::reader : setting || read_only ? need::any : need::writer;
    if (unit.facts_seen++ == 0) unit.harmless = true;
    unit.harmless = unit.harmless && (begins || setting);
    unit.writes = unit.writes || f.kind == kind::write;
    unit.ends_transaction = unit.ends_transaction || f.kind == kind::end;
    if (wants >= unit.wants) {
      unit.wants = wants;
      unit.label = f.kind == kind::read ? "read" : setting ? "setting" : begins ? "transaction" : "write";
    }
  }
}

}  // namespace helios::actors
