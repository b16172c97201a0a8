#include "actors/proxy/session_log.hpp"

#include <algorithm>

namespace helios::actors {

void session_log::add(const statement_facts& facts) {
  // A later statement replaces what it makes void, so that the log stays as long as the state it describes.
  std::erase_if(entries_, [&facts](const entry& e) {
    switch (facts.effect) {
      case session_effect::setting: return e.facts.effect == session_effect::setting && e.facts.name == facts.name;
      case session_effect::reset_all: return e.facts.effect == session_effect::setting;
      case session_effect::deallocate:
        return e.facts.effect == session_effect::prepare && (facts.name.empty() || e.facts.name == facts.name);
      default: return false;
    }
  });
  entries_.push_back({next_++, facts});
}

std::vector<std::string> session_log::missing_since(std::uint64_t id) const {
  std::vector<std::string> out;
  for (const auto& e : entries_) {
    if (e.id > id) out.push_back(e.facts.text);
  }
  return out;
}

}  // namespace helios::actors
