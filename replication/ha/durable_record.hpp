#pragma once
// What a voter (and every data node) must not forget: its promise, its vote, the latest published config, to whom it granted a lease, and
// whether the cluster is under maintenance, and who belongs to it. A text of a few lines with a checksum; the owner of the file writes it atomically and fsyncs it.
//
// I1 decode(encode(r)) == r. Any other bytes are errc::corrupt with what to do.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "replication/ha/types.hpp"

namespace helios::replication::ha {

struct durable_record {
  std::string cluster_id;
  epoch promised;          ///< takes part in no lower epoch
  node_id vote;            ///< the candidate or leader that has the promise
  config_record config;    ///< the latest one published to this member; version 0: none
  lease_id grant;          ///< the last lease granted; incarnation 0: none
  maintenance_state maintenance = {};
  membership members = {};  ///< version 0: as configured
  friend bool operator==(const durable_record&, const durable_record&) = default;
};

/// Requires names of [A-Za-z0-9_-], contacts without line breaks, and a cluster id without control characters (config checks both).
std::string encode(const durable_record& r);
/// `origin` names the file in the error. A record of another cluster is errc::refused.
result<durable_record> decode(std::string_view text, const std::string& cluster_id, const std::string& origin);

}  // namespace helios::replication::ha
