#include "replication/ha/maintenance.hpp"

#include <fmt/format.h>

#include <utility>

namespace helios::replication::ha {

void maintenance_command::begin(time_point now, const maintenance_state& wanted, std::uint64_t command) {
  if (command_ != 0) end("another command came after it");
  command_ = command;
  wanted_ = wanted;
  stored_by_.clear();
  deadline_ = now + options_.campaign_timeout;
}

void maintenance_command::stored(const node_id& from, const maintenance_state& state) {
  if (command_ == 0) return;
  if (state > wanted_) return end("another command came after it");
  const auto* member = options_.find(from);
  if (state != wanted_ || member == nullptr || !member->voter) return;
  stored_by_.insert(from);
  if (stored_by_.size() >= options_.quorum()) end({});
}

void maintenance_command::tick(time_point now) {
  if (command_ == 0 || now < deadline_) return;
  end(fmt::format("only {} of the {} voters that are needed have stored it; it holds where it is stored, and spreads to those that are "
                  "heard again",
                  stored_by_.size(), options_.quorum()));
}

void maintenance_command::end(std::string failure) { out_.put(command_done{std::exchange(command_, 0), std::move(failure)}); }

}  // namespace helios::replication::ha
