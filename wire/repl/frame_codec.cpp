#include "wire/repl/frame_codec.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <utility>

#include "base/bytes.hpp"
#include "base/field_codec.hpp"

namespace helios {
template <>
inline constexpr std::uint8_t last_value<wire::repl::purpose> = static_cast<std::uint8_t>(wire::repl::purpose::watch);
template <>
inline constexpr std::uint8_t last_value<wire::repl::stream_plan::kind> = static_cast<std::uint8_t>(wire::repl::stream_plan::kind::base_backup);
}  // namespace helios

namespace helios::wire::repl {

// One line per frame: the order of its fields on the wire.
template <class A> void fields(A& a, hello& f) { a(f.version, f.cluster_id, f.node_id, f.role, f.challenge); }
template <class A> void fields(A& a, hello_reply& f) { a(f.node_id, f.role, f.challenge, f.proof); }
template <class A> void fields(A& a, authenticate& f) { a(f.proof, f.wants); }
template <class A> void fields(A& a, refusal& f) { a(f.code, f.message); }
template <class A> void fields(A& a, start_stream& f) {
  a(f.mode, f.has_store, f.flushed, f.checkpoint, f.history, f.advertised_host, f.pg_port, f.attempt);
}
template <class A> void fields(A& a, stream_plan& f) { a(f.what, f.position, f.caught_up, f.backup_bytes); }
template <class A> void fields(A& a, backup_chunk& f) { a(f.offset, f.bytes, f.last); }
template <class A> void fields(A& a, wal_data& f) { a(f.begin, f.flushed, f.visible, f.sent_time_us, f.bytes, f.more); }
template <class A> void fields(A& a, watermark& f) { a(f.visible, f.written, f.time_us, f.oldest_unapplied_us); }
template <class A> void fields(A& a, ack& f) { a(f.received, f.flushed, f.applied, f.visible, f.time_us); }
template <class A> void fields(A& a, goodbye& f) { a(f.reason); }
template <class A> void fields(A& a, open_session& f) {
  a(f.user, f.database, f.client_address, f.client_port, f.allow_read_only, f.settings);
}
template <class A> void fields(A& a, session_opened& f) { a(f.process_id, f.secret); }
template <class A> void fields(A& a, pg_bytes& f) { a(f.bytes); }
template <class A> void fields(A& a, session_position& f) { a(f.position); }
template <class A> void fields(A&, cancel&) {}
template <class A> void fields(A& a, node_state& f) {
  a(f.node_id, f.role, f.mode, f.serving, f.writable, f.number, f.written, f.flushed, f.applied, f.visible, f.lag_ms,
    f.lag_bytes, f.primary, f.time_us, f.members);
}
template <class A> void fields(A& a, member_message& f) { a(f.bytes); }

namespace {

// The frame's type byte is its place in the variant plus one: types are only ever appended there.
static_assert(std::variant_size_v<frame> == 18, "FORMAT.md lists the type bytes");

std::uint32_t checksum(std::string_view covered) {
  return static_cast<std::uint32_t>(XXH3_64bits(covered.data(), covered.size()));
}

// Places in the header.
constexpr std::size_t length_at = 0, checksum_at = 4, type_at = 8, cluster_at = 9, epoch_at = 17;
static_assert(epoch_at + 8 == frame_header_bytes);

}  // namespace

std::uint64_t cluster_hash(std::string_view cluster_id) { return XXH3_64bits(cluster_id.data(), cluster_id.size()); }

void encode_to(std::string& out, const frame& body, const frame_header& header) {
  const std::size_t start = out.size();
  out.append(type_at, '\0');
  out.push_back(static_cast<char>(body.index() + 1));
  put_le(out, header.cluster_hash);
  put_le(out, header.number.value);
  write_alternative(out, body);
  const std::size_t size = out.size() - start;
  HELIOS_INVARIANT(size <= frame_bytes_max, "I2 of frames.hpp: no frame exceeds its maximum");
  store_le(out.data() + start + length_at, static_cast<std::uint32_t>(size));
  store_le(out.data() + start + checksum_at, checksum(std::string_view(out).substr(start + type_at)));
}

std::string encode(const frame& body, const frame_header& header) {
  std::string out;
  encode_to(out, body, header);
  return out;
}

error frame_decoder::fail(std::string why) {
  failed_ = error{errc::protocol, std::move(why)};
  return *failed_;
}

result<std::optional<decoded_frame>> frame_decoder::next() {
  using nothing = std::optional<decoded_frame>;
  if (failed_) return *failed_;
  const auto unread = buffer_.unread();
  if (unread.size() < sizeof(std::uint32_t)) return nothing{};
  const std::size_t size = load_le<std::uint32_t>(unread.data() + length_at);
  if (size < frame_header_bytes) return fail("frame shorter than its header: " + std::to_string(size) + " bytes");
  if (size > bytes_max_) {
    return fail("frame of " + std::to_string(size) + " bytes; at most " + std::to_string(bytes_max_) + " are allowed");
  }
  if (unread.size() < size) return nothing{};
  const auto whole = unread.substr(0, size);
  if (checksum(whole.substr(type_at)) != load_le<std::uint32_t>(whole.data() + checksum_at)) {
    return fail("frame with a wrong checksum");
  }
  const auto type = static_cast<std::uint8_t>(whole[type_at]);
  if (type < 1 || type > std::variant_size_v<frame>) return fail("unknown frame type " + std::to_string(type));
  auto body = read_alternative<frame>(type - 1u, whole.substr(frame_header_bytes));
  if (!body) return fail("malformed frame of type " + std::to_string(type));
  decoded_frame out{{load_le<std::uint64_t>(whole.data() + cluster_at), epoch{load_le<std::uint64_t>(whole.data() + epoch_at)}},
                    std::move(*body)};
  buffer_.consume(size);
  return nothing{std::move(out)};
}

}  // namespace helios::wire::repl
