#include "replication/ha/message_codec.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/bytes.hpp"
#include "base/field_codec.hpp"

namespace helios::replication::ha {

// One line per struct: the order of its fields. `A` is the writer or the reader of base/field_codec.hpp.
template <class A> void fields(A& a, log_position& v) { a(v.last_epoch, v.flushed); }
template <class A> void fields(A& a, log_state& v) { a(v.at, v.complete); }
template <class A> void fields(A& a, data_facts& v) { a(v.data_node, v.mode, v.priority, v.log); }
template <class A> void fields(A& a, config_record& v) { a(v.number, v.version, v.leader, v.members, v.acks_needed); }
template <class A> void fields(A& a, lease_id& v) { a(v.holder, v.incarnation, v.number); }
template <class A> void fields(A& a, member_entry& v) { a(v.id, v.data_node, v.voter, v.contact); }
template <class A> void fields(A& a, membership_id& v) { a(v.number, v.version); }
template <class A> void fields(A& a, membership& v) { a(v.id, v.members); }
template <class A> void fields(A& a, heartbeat& v) { a(v.incarnation, v.leader, v.leader_epoch, v.open, v.data); }
template <class A> void fields(A& a, renewal& v) { a(v.lease, v.sequence); }
template <class A> void fields(A& a, renewal_granted& v) { a(v.lease, v.sequence); }
template <class A> void fields(A& a, pre_vote& v) { a(v.round, v.released, v.by_hand); }
template <class A> void fields(A& a, pre_vote_reply& v) {
  a(v.round, v.yes, v.retry_after_us, v.promised, v.config, v.data, v.reason);
}
template <class A> void fields(A& a, recruit& v) { a(v.number, v.released, v.by_hand); }
template <class A> void fields(A& a, promise& v) { a(v.number, v.config, v.data); }
template <class A> void fields(A& a, refusal& v) { a(v.number, v.promised, v.retry_after_us, v.reason); }
template <class A> void fields(A& a, publish& v) { a(v.config); }
template <class A> void fields(A& a, published& v) { a(v.number, v.version, v.members); }
template <class A> void fields(A& a, new_leader& v) { a(v.number, v.incarnation, v.open); }
template <class A> void fields(A& a, release& v) { a(v.lease, v.successor); }
template <class A> void fields(A& a, nominate& v) { a(v.number); }
template <class A> void fields(A& a, handover& v) { a(v.number, v.at); }
template <class A> void fields(A& a, handover_ready& v) { a(v.number, v.at); }
template <class A> void fields(A& a, maintenance_state& v) { a(v.version, v.paused); }
template <class A> void fields(A& a, maintenance& v) { a(v.state); }
template <class A> void fields(A& a, take_over& v) { a(v.number); }
template <class A> void fields(A& a, take_over_refused& v) { a(v.reason); }

namespace {

// The kind byte is the place in the variant: kinds are only ever appended there.
static_assert(std::variant_size_v<message_body> == 18, "a new kind goes to the end of message_body");

constexpr std::size_t header_bytes = 1 + 8 + 4;

}  // namespace

bool is_writable(const member_entry& m) {
  const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; };
  const auto printed = [](unsigned char c) { return c >= 0x20 && c != 0x7f; };
  return !m.id.value.empty() && std::all_of(m.id.value.begin(), m.id.value.end(), plain) &&
         std::all_of(m.contact.begin(), m.contact.end(), printed);
}

std::string encode(const membership& m) {
  std::string out;
  field_writer to(out);
  fields(to, const_cast<membership&>(m));
  return out;
}

result<membership> decode_membership(std::string_view bytes) {
  membership out;
  field_reader from(bytes);
  fields(from, out);
  const bool sound = from.finished() && out.members.size() <= members_max;
  if (sound && std::all_of(out.members.begin(), out.members.end(), is_writable)) return out;
  return error{errc::protocol, "a list of members is malformed"};
}

std::string encode(const message& m) {
  std::string out;
  out.push_back(static_cast<char>(m.body.index()));
  put_le(out, m.highest.value);
  const auto members = m.members.id.version == 0 ? std::string() : encode(m.members);
  put_le(out, static_cast<std::uint32_t>(members.size()));
  out += members;
  write_alternative(out, m.body);
  return out;
}

result<message> decode_message(std::string_view bytes) {
  if (bytes.size() < header_bytes) return error{errc::protocol, "a member's message is shorter than its header"};
  const auto kind = static_cast<std::uint8_t>(bytes[0]);
  if (kind >= std::variant_size_v<message_body>) {
    return error{errc::protocol, "a member's message has the unknown kind " + std::to_string(kind)};
  }
  const auto length = load_le<std::uint32_t>(bytes.data() + 9);
  if (length > bytes.size() - header_bytes) return error{errc::protocol, "a member's message ends within its list of members"};
  membership members;
  if (length != 0) {
    auto decoded = decode_membership(bytes.substr(header_bytes, length));
    if (!decoded) return decoded.failure();
    members = std::move(*decoded);
  }
  auto body = read_alternative<message_body>(kind, bytes.substr(header_bytes + length));
  if (!body) return error{errc::protocol, "a member's message of kind " + std::to_string(kind) + " is malformed"};
  return message{epoch{load_le<std::uint64_t>(bytes.data() + 1)}, std::move(*body), std::move(members)};
}

}  // namespace helios::replication::ha
