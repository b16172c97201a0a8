#include "actors/node/divergent_log.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "storage/env/env.hpp"
#include "storage/wal/record.hpp"

namespace helios::actors {
namespace {

constexpr std::size_t chunk_bytes = 1u << 20;

/// One line for each commit of a run of whole records.
void list_transactions(const storage::wal_chunk& chunk, std::string& out, std::uint64_t& count) {
  std::string_view rest(chunk.bytes);
  while (!rest.empty()) {
    const auto record = storage::view_record(rest);
    const auto& h = record.header;
    if (h.type == storage::record_type::commit) {
      const std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds(h.commit_time_us)};
      out += fmt::format("transaction {} committed {:%Y-%m-%d %H:%M:%S} UTC, epoch {}, at {}, {} bytes\n", h.txn.value,
                         std::chrono::time_point_cast<std::chrono::seconds>(time), h.number.value, h.position.value, h.length);
      ++count;
    }
    rest.remove_prefix(h.length);
  }
}

}  // namespace

result<archived_log> archive_log(const storage::engine& store, lsn from, const std::filesystem::path& directory) {
  auto& env = storage::posix_env();
  archived_log out;
  const auto status = store.status();
  from = std::max(from, status.oldest);
  if (status.written <= from) return out;
  if (auto made = env.make_directory(directory); !made) return made.failure();
  const auto name = fmt::format("divergent-{}-{}", store.last_epoch().value, from.value);
  out.wal = directory / (name + ".wal");
  out.list = directory / (name + ".txt");
  auto file = env.open(out.wal, storage::open_mode::create);
  if (!file) return file.failure();
  if (auto emptied = (*file)->truncate(0); !emptied) return emptied.failure();  // an interrupted copy may have been longer
  std::string lines;
  for (lsn at = from;;) {
    auto chunk = store.read_wal(at, chunk_bytes);
    if (!chunk) return chunk.failure();
    if (!*chunk || (*chunk)->bytes.empty()) break;
    if (auto written = (*file)->write_at(out.bytes, (*chunk)->bytes); !written) return written.failure();
    list_transactions(**chunk, lines, out.transactions);
    out.bytes += (*chunk)->bytes.size();
    at = (*chunk)->end();
  }
  if (auto synced = (*file)->sync(); !synced) return synced.failure();
  if (auto listed = storage::replace_file(env, out.list, lines); !listed) return listed.failure();
  return out;
}

result<void> set_log_aside(const storage::engine& store, lsn fork, const std::filesystem::path& directory) {
  const auto aside = archive_log(store, fork, directory);
  if (!aside) return aside.failure();
  if (aside->bytes == 0) return {};
  log::warning({"node"}, "{} transactions ({} bytes of WAL from {}) are not in the primary's log and are cut; they are listed in {}, their WAL is kept in {}",
               aside->transactions, aside->bytes, fork.value, aside->list.string(), aside->wal.string());
  return {};
}

}  // namespace helios::actors
