#include "actors/node/epoch_record.hpp"

#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "storage/env/env.hpp"

namespace helios::actors {
namespace {

constexpr std::string_view prefix = "epoch ";

}  // namespace

result<std::unique_ptr<epoch_record>> epoch_record::open(const std::filesystem::path& directory) {
  auto& env = storage::posix_env();
  if (auto made = env.make_directory(directory); !made) return made.failure();
  std::unique_ptr<epoch_record> out(new epoch_record(directory / "epoch"));
  if (!env.exists(out->path_)) return out;
  auto text = storage::read_file(env, out->path_);
  if (!text) return text.failure();
  const std::string_view line(*text);
  const char* end = line.data() + line.size();
  std::uint64_t value = 0;
  const auto [rest, failed] = line.starts_with(prefix) ? std::from_chars(line.data() + prefix.size(), end, value)
                                                       : std::from_chars_result{line.data(), std::errc::invalid_argument};
  if (failed != std::errc{} || std::string_view(rest, static_cast<std::size_t>(end - rest)) != "\n") {
    return error{errc::corrupt, out->path_.string() +
                                    " is damaged; write \"epoch N\" into it, where N is the highest epoch that a data node shows, "
                                    "or remove it while all data nodes are up"};
  }
  out->highest_ = epoch{value};
  return out;
}

epoch epoch_record::highest() const {
  std::lock_guard lock(mutex_);
  return highest_;
}

result<void> epoch_record::raise(epoch to) {
  std::lock_guard lock(mutex_);
  if (to <= highest_) return {};
  auto done = storage::replace_file(storage::posix_env(), path_, std::string(prefix) + std::to_string(to.value) + "\n");
  if (done) highest_ = to;
  return done;
}

}  // namespace helios::actors
