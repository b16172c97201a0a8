#include "base/wall_clock.hpp"
#include "sql/session.hpp"
#include "sql/types/datetime.hpp"

namespace helios::sql {

std::optional<std::string> login_verifier(database& db, std::string_view role) {
  const auto catalog = db.latest_catalog();
  const role_def* def = catalog->find_role(role);
  if (!def || !def->can_login || def->scram_verifier.empty()) return std::nullopt;
  if (def->valid_until && *def->valid_until < wall_clock_us() - unix_epoch_us) return std::nullopt;
  return def->scram_verifier;
}

}  // namespace helios::sql
