#include "actors/ha/peer_book.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>

#include "base/log.hpp"

namespace helios::actors {
namespace {

constexpr log::source source{"members"};

/// Takes the last word off `text`, as a port.
std::optional<std::uint16_t> last_port(std::string_view& text) {
  const auto space = text.rfind(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto word = text.substr(space + 1);
  std::uint16_t out = 0;
  const auto [end, failed] = std::from_chars(word.data(), word.data() + word.size(), out);
  if (failed != std::errc{} || word.empty() || end != word.data() + word.size()) return std::nullopt;
  text.remove_suffix(word.size() + 1);
  return out;
}

const config::peer* find_in(const std::vector<config::peer>& peers, const node_id& id) {
  const auto found = std::find_if(peers.begin(), peers.end(), [&id](const config::peer& p) { return p.id == id; });
  return found == peers.end() ? nullptr : &*found;
}

}  // namespace

std::string to_contact(const config::peer& p) { return fmt::format("{} {} {} {}", p.host, p.pg_port, p.replication_port, p.http_port); }

std::optional<config::peer> to_peer(const replication::ha::member_entry& m) {
  std::string_view rest = m.contact;
  const auto http = last_port(rest), replication = last_port(rest), pg = last_port(rest);
  if (!http || !replication || !pg || rest.empty()) return std::nullopt;
  return config::peer{m.id, std::string(rest), *pg, *replication, *http};
}

peer_book::peer_book(const std::vector<config::peer>& configured)
    : configured_(configured), all_(std::make_shared<const std::vector<config::peer>>(configured)) {}

peer_book::list peer_book::all() const {
  std::lock_guard lock(mutex_);
  return all_;
}

std::optional<config::peer> peer_book::find(const node_id& id) const {
  const auto known = all();
  const auto* found = find_in(*known, id);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

bool peer_book::is_member(const node_id& id) const {
  std::lock_guard lock(mutex_);
  return members_.id.version == 0 ||
         std::any_of(members_.members.begin(), members_.members.end(), [&id](const auto& m) { return m.id == id; });
}

bool peer_book::change(const replication::ha::membership& m) {
  std::vector<config::peer> fresh;
  for (const auto& member : m.members) {
    if (const auto* known = find_in(configured_, member.id)) fresh.push_back(*known);
    else if (auto carried = to_peer(member)) fresh.push_back(std::move(*carried));
    else log::warning(source, "{} is a member, but where it is nobody has said: \"{}\"", member.id.value, member.contact);
  }
  std::lock_guard lock(mutex_);
  if (m.id <= members_.id) return false;
  members_ = m;
  all_ = std::make_shared<const std::vector<config::peer>>(std::move(fresh));
  return true;
}

}  // namespace helios::actors
