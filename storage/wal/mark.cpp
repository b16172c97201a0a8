#include "storage/wal/mark.hpp"

#include <string>
#include <utility>

#include "base/bytes.hpp"
#include "storage/checksum.hpp"

namespace helios::storage {
namespace {
constexpr std::string_view durable_magic = "HWLMARK1", visible_magic = "HWLSHOW1";
constexpr std::size_t number_bytes = sizeof(std::uint64_t);

std::string encode(std::string_view magic, const std::vector<std::uint64_t>& numbers) {
  std::string out(magic);
  for (const auto number : numbers) put_le(out, number);
  put_le(out, checksum(out));
  return out;
}

// False, and nothing changed, when the bytes are not what encode() made of as many numbers.
bool decode(std::string_view bytes, std::string_view magic, std::vector<std::uint64_t>& numbers) {
  const std::size_t checked = magic.size() + numbers.size() * number_bytes;
  if (bytes.size() != checked + number_bytes || !bytes.starts_with(magic)) return false;
  if (load_le<std::uint64_t>(bytes.data() + checked) != checksum(bytes.substr(0, checked))) return false;
  const char* at = bytes.data() + magic.size();
  for (auto& number : numbers) number = load_le<std::uint64_t>(std::exchange(at, at + number_bytes));
  return true;
}
}  // namespace

result<mark_file> mark_file::open(env& environment, const std::filesystem::path& path, std::string_view magic,
                                  std::vector<std::uint64_t> numbers) {
  auto opened = environment.open(path, open_mode::create);
  if (!opened) return opened.failure();
  std::string bytes(encode(magic, numbers).size(), '\0');
  auto got = (*opened)->read_at(0, bytes.size(), bytes.data());
  if (!got) return got.failure();
  bytes.resize(*got);
  mark_file out(std::move(*opened), magic, std::move(numbers));
  out.as_written_ = decode(bytes, magic, out.numbers_);
  return out;
}

result<void> mark_file::write(std::vector<std::uint64_t> numbers) {
  if (as_written_ && numbers == numbers_) return {};
  as_written_ = false;
  if (auto written = file_->write_at(0, encode(magic_, numbers)); !written) return written;
  numbers_ = std::move(numbers);
  as_written_ = true;
  return {};
}

result<std::unique_ptr<durable_mark>> durable_mark::open(env& environment, const std::filesystem::path& path) {
  const mark_state nothing;
  auto opened = mark_file::open(environment, path, durable_magic, {nothing.durable.value, nothing.received_from.value});
  if (!opened) return opened.failure();
  return std::unique_ptr<durable_mark>(new durable_mark(std::move(*opened)));
}

result<void> durable_mark::set(mark_state state) {
  if (auto written = file_.write({state.durable.value, state.received_from.value}); !written) return written;
  return file_.sync();
}

result<std::unique_ptr<visible_mark>> visible_mark::open(env& environment, const std::filesystem::path& path) {
  auto opened = mark_file::open(environment, path, visible_magic, {0});
  if (!opened) return opened.failure();
  return std::unique_ptr<visible_mark>(new visible_mark(std::move(*opened)));
}

result<void> visible_mark::set(lsn visible) {
  if (auto noted = note(visible); !noted) return noted;
  return file_.sync();
}

}  // namespace helios::storage
