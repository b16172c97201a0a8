#include "actors/proxy/verifiers.hpp"

namespace helios::actors {

verifier_cache::verifier_cache(const std::string& superuser, const std::string& password) {
  if (!password.empty()) entries_[superuser] = {wire::pg::make_verifier(password), {}};
}

std::optional<verifier_cache::known> verifier_cache::find(const std::string& user) const {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(user);
  if (found == entries_.end()) return std::nullopt;
  return known{found->second.verifier, std::chrono::steady_clock::now() - found->second.at < verifier_fresh};
}

void verifier_cache::learned(const std::string& user, std::optional<wire::pg::scram_verifier> verifier) {
  std::lock_guard lock(mutex_);
  if (!verifier) {
    entries_.erase(user);  // names that anybody may invent are not kept
    return;
  }
  if (entries_.size() >= verifiers_max && !entries_.contains(user)) entries_.erase(entries_.begin());
  entries_[user] = {std::move(verifier), std::chrono::steady_clock::now()};
}

void verifier_cache::doubt(const std::string& user) {
  std::lock_guard lock(mutex_);
  if (const auto found = entries_.find(user); found != entries_.end()) found->second.at = {};
}

}  // namespace helios::actors
