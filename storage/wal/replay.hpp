#pragma once
// Reading the log for recovery: a thread of its own reads the segments in large blocks and checks the records, ahead of
// the caller's thread, which applies them. The two pass batches through a bounded queue (it has the only mutex here).
//
// I1 Records are applied in the order of the log, and all that lie before the place where the scan ended.
// I2 Memory: a few blocks, each as large as block_bytes or the longest record, however long a segment is.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/env/env.hpp"
#include "storage/wal/record.hpp"
#include "storage/wal/segments.hpp"

namespace helios::storage {

/// What recovery does with the records of the log.
class replay_target {
 public:
  virtual ~replay_target() = default;
  /// On the scanning thread, ahead of apply(): whether the body is well formed. The error's detail says what is not.
  virtual result<void> check(const record_view& record) const = 0;
  /// On the caller's thread. The views live during the call.
  virtual void apply(std::span<const record_view> records) = 0;
};

struct scan_options {
  std::uint64_t record_bytes_max = 0;
  std::optional<lsn> truncate_to;  ///< ends here; an error when it is not a record's border
};

/// Why a scan ended, and where: behind the last record that was applied.
struct scan_end {
  enum class reason {
    end_of_log,   ///< or truncate_to
    bad_record,   ///< one that does not check: torn or damaged, for the caller to judge
    damaged,      ///< certainly
    failed        ///< `why` is not about the log's content
  };
  reason kind = reason::end_of_log;
  lsn position;
  std::size_t segment = 0;  ///< index of the segment that the position lies in
  error why{errc::corrupt, {}};
};

/// Checks and applies the records from `from` on, which lies in the first of the segments or behind it.
scan_end replay_log(env& environment, const std::vector<segment_ref>& segments, lsn from, const scan_options& options,
                    replay_target& target);

}  // namespace helios::storage
