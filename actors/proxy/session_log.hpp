#pragma once
// What a client's session has set, as statements that bring another backend to the same state; and the prepared statements
// that the client believes to exist. Owned by the conversation.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/proxy/statement_facts.hpp"

namespace helios::actors {

/// A statement that the client has prepared by the protocol. Prepared again on whichever backend needs it.
struct client_statement {
  std::uint64_t id = 0;
  std::string name;
  std::string parse_message;  ///< as it came
  std::vector<statement_facts> facts;
};
using client_statement_ptr = std::shared_ptr<const client_statement>;

class session_log {
 public:
  struct entry {
    std::uint64_t id = 0;
    statement_facts facts;
  };
  /// The effect of a statement that has succeeded (and whose transaction has committed).
  void add(const statement_facts& facts);
  /// What a backend that has seen everything up to `id` still lacks.
  std::vector<std::string> missing_since(std::uint64_t id) const;
  std::uint64_t newest() const { return next_ - 1; }
  /// DISCARD ALL: forget it all; backends that are not brand new are of no use any more.
  void clear() { entries_.clear(); }
  bool empty() const { return entries_.empty(); }

 private:
  std::vector<entry> entries_;
  std::uint64_t next_ = 1;
};

}  // namespace helios::actors
