#include "replication/ha/durable_record.hpp"

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace helios::replication::ha {
namespace {

constexpr std::string_view title = "heliosdb failover record ";
constexpr int format_now = 3;              ///< 1: without maintenance; 2: without members
constexpr std::string_view check_key = "check ";

std::string checksum(std::string_view text) { return fmt::format("{:016x}", XXH3_64bits(text.data(), text.size())); }

std::string join(const std::vector<node_id>& ids) {
  std::string out;
  for (const auto& id : ids) out += (out.empty() ? "" : ",") + id.value;
  return out;
}

/// Reads "key value\n" lines in their order; the first that differs makes it !ok().
class line_reader {
 public:
  explicit line_reader(std::string_view text) : rest_(text) {}

  bool ok() const { return ok_; }
  bool finished() const { return ok_ && rest_.empty(); }
  std::string_view value(std::string_view key) {
    const auto end = rest_.find('\n');
    if (!ok_ || end == std::string_view::npos || !rest_.starts_with(key) || rest_.size() <= key.size() || rest_[key.size()] != ' ') {
      ok_ = false;
      return {};
    }
    const auto out = rest_.substr(key.size() + 1, end - key.size() - 1);
    rest_.remove_prefix(end + 1);
    return out;
  }
  template <class T>
  T number(std::string_view key) {
    const auto text = value(key);
    T out{};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (text.empty() || failed != std::errc{} || end != text.data() + text.size()) ok_ = false;
    return out;
  }
  std::vector<node_id> names(std::string_view key) {
    auto text = value(key);
    std::vector<node_id> out;
    while (!text.empty()) {
      const auto comma = std::min(text.find(','), text.size());
      out.push_back(node_id{std::string(text.substr(0, comma))});
      text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return out;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

std::string member_line(const member_entry& m) {
  return fmt::format("member {} {} {} {}\n", m.id.value, m.data_node ? "data" : "witness", m.voter ? "votes" : "silent", m.contact);
}

/// Of "NAME data|witness votes|silent CONTACT".
std::optional<member_entry> parse_member(std::string_view text) {
  std::string_view words[3];
  for (auto& word : words) {
    const auto space = text.find(' ');
    if (space == 0 || space == std::string_view::npos) return std::nullopt;
    word = text.substr(0, space);
    text.remove_prefix(space + 1);
  }
  const bool data = words[1] == "data", votes = words[2] == "votes";
  if ((!data && words[1] != "witness") || (!votes && words[2] != "silent")) return std::nullopt;
  return member_entry{node_id{std::string(words[0])}, data, votes, std::string(text)};
}

bool parse_members(line_reader& in, membership& out) {
  out.id.number = epoch{in.number<std::uint64_t>("members_epoch")};
  out.id.version = in.number<std::uint64_t>("members_version");
  const auto count = in.number<std::uint32_t>("members");
  if (!in.ok() || count > members_max) return false;
  for (std::uint32_t i = 0; i < count; ++i) {
    auto member = parse_member(in.value("member"));
    if (!member) return false;
    out.members.push_back(std::move(*member));
  }
  return true;
}

std::optional<durable_record> parse(std::string_view text, int format) {
  line_reader in(text);
  durable_record r;
  r.cluster_id = in.value("cluster");
  r.promised = epoch{in.number<std::uint64_t>("promised")};
  r.vote = node_id{std::string(in.value("vote"))};
  r.config.number = epoch{in.number<std::uint64_t>("config_epoch")};
  r.config.version = in.number<std::uint64_t>("config_version");
  r.config.leader = node_id{std::string(in.value("config_leader"))};
  r.config.members = in.names("config_members");
  r.config.acks_needed = in.number<std::uint32_t>("config_acks");
  r.grant.holder = node_id{std::string(in.value("grant_holder"))};
  r.grant.incarnation = in.number<std::uint64_t>("grant_incarnation");
  r.grant.number = epoch{in.number<std::uint64_t>("grant_epoch")};
  if (format >= 2) {
    r.maintenance.version = in.number<std::uint64_t>("maintenance_version");
    const auto paused = in.number<unsigned>("maintenance_paused");
    if (paused > 1) return std::nullopt;
    r.maintenance.paused = paused == 1;
  }
  if (format >= 3 && !parse_members(in, r.members)) return std::nullopt;
  if (!in.finished()) return std::nullopt;
  return r;
}

}  // namespace

std::string encode(const durable_record& r) {
  auto out = fmt::format(
      "{}{}\ncluster {}\npromised {}\nvote {}\nconfig_epoch {}\nconfig_version {}\nconfig_leader {}\nconfig_members {}\nconfig_acks {}\n"
      "grant_holder {}\ngrant_incarnation {}\ngrant_epoch {}\nmaintenance_version {}\nmaintenance_paused {:d}\n"
      "members_epoch {}\nmembers_version {}\nmembers {}\n",
      title, format_now, r.cluster_id, r.promised.value, r.vote.value, r.config.number.value, r.config.version, r.config.leader.value,
      join(r.config.members), r.config.acks_needed, r.grant.holder.value, r.grant.incarnation, r.grant.number.value,
      r.maintenance.version, r.maintenance.paused, r.members.id.number.value, r.members.id.version, r.members.members.size());
  for (const auto& m : r.members.members) out += member_line(m);
  const auto check = checksum(out);
  return out.append(check_key).append(check).append("\n");
}

result<durable_record> decode(std::string_view text, const std::string& cluster_id, const std::string& origin) {
  const auto check_at = text.rfind(check_key);
  const auto body = text.substr(0, std::min(check_at, text.size()));
  const bool sound = check_at != std::string_view::npos && text.substr(check_at) == fmt::format("{}{}\n", check_key, checksum(body));
  std::optional<durable_record> parsed;
  for (int format = 1; sound && format <= format_now; ++format) {
    const auto head = fmt::format("{}{}\n", title, format);
    if (body.starts_with(head)) parsed = parse(body.substr(head.size()), format);
  }
  if (!parsed) {
    return error{errc::corrupt, origin +
                                    " is damaged: this node no longer knows what it promised. Never remove the file or put back an old "
                                    "copy while the cluster runs: start the node under another name, as a new member"};
  }
  if (parsed->cluster_id != cluster_id)
    return error{errc::refused, fmt::format("{} belongs to the cluster {}, not to {}", origin, parsed->cluster_id, cluster_id)};
  return *parsed;
}

}  // namespace helios::replication::ha
