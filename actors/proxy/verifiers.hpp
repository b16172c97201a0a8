#pragma once
// SCRAM verifiers of the cluster's roles, as the proxy last read them from a node. Shared by the sessions; any thread (one
// mutex). Reading them is the session's work; this only remembers.
//
// I1 The superuser's password of the configuration counts only until a node has been asked once.

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "wire/pg/scram.hpp"

namespace helios::actors {

/// Within this time a node is not asked again.
inline constexpr std::chrono::seconds verifier_fresh{10};
inline constexpr std::size_t verifiers_max = 10'000;

class verifier_cache {
 public:
  verifier_cache(const std::string& superuser, const std::string& password);

  struct known {
    std::optional<wire::pg::scram_verifier> verifier;  ///< nothing: no such role
    bool fresh = false;
  };
  /// Nothing when the role was never asked for.
  std::optional<known> find(const std::string& user) const;
  void learned(const std::string& user, std::optional<wire::pg::scram_verifier> verifier);
  /// A login failed: the password may have changed since. The next login asks.
  void doubt(const std::string& user);

 private:
  struct entry {
    std::optional<wire::pg::scram_verifier> verifier;
    std::chrono::steady_clock::time_point at;
  };
  mutable std::mutex mutex_;
  std::map<std::string, entry> entries_;
};

}  // namespace helios::actors
