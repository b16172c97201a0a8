#pragma once
// What the files of base backups are called while they are sent, so that an opening finds those that a crash left behind.

#include <string_view>

namespace helios::storage {
inline constexpr std::string_view backup_prefix = "backup-";
}  // namespace helios::storage
