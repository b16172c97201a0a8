#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "storage/env/env.hpp"

namespace helios::storage {
namespace {

class descriptor {
 public:
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor& operator=(descriptor&&) = delete;
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

class posix_file final : public file {
 public:
  posix_file(descriptor fd, std::filesystem::path path) : fd_(std::move(fd)), path_(std::move(path)) {}

  result<void> write_at(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return system_error("write", path_, errno);
      if (n == 0) return system_error("write", path_, ENOSPC);
      bytes.remove_prefix(static_cast<std::size_t>(n));
      offset += static_cast<std::uint64_t>(n);
    }
    return {};
  }

  result<std::size_t> read_at(std::uint64_t offset, std::size_t bytes, char* to) const override {
    std::size_t done = 0;
    while (done < bytes) {
      const ssize_t n = ::pread(fd_.get(), to + done, bytes - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return system_error("read", path_, errno);
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

  // Not retried on EINTR or EIO: after a failed fsync the kernel may have dropped the dirty pages.
  result<void> sync() override {
    if (::fdatasync(fd_.get()) != 0) return system_error("fdatasync", path_, errno);
    return {};
  }

  result<void> truncate(std::uint64_t bytes) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(bytes)) != 0) return system_error("truncate", path_, errno);
    return {};
  }

  result<std::uint64_t> size() const override {
    struct stat info {};
    if (::fstat(fd_.get(), &info) != 0) return system_error("stat", path_, errno);
    return static_cast<std::uint64_t>(info.st_size);
  }

 private:
  descriptor fd_;
  std::filesystem::path path_;
};

class flock_guard final : public process_lock {
 public:
  explicit flock_guard(descriptor fd) : fd_(std::move(fd)) {}

 private:
  descriptor fd_;
};

class posix final : public env {
 public:
  result<std::unique_ptr<file>> open(const std::filesystem::path& path, open_mode mode) override {
    int flags = O_CLOEXEC | (mode == open_mode::read ? O_RDONLY : O_RDWR);
    if (mode == open_mode::create) flags |= O_CREAT;
    descriptor fd(::open(path.c_str(), flags, 0640));
    if (fd.get() < 0) return system_error("open", path, errno);
    return std::unique_ptr<file>(std::make_unique<posix_file>(std::move(fd), path));
  }

  result<std::vector<std::string>> list(const std::filesystem::path& directory) override {
    std::error_code failure;
    std::vector<std::string> names;
    for (std::filesystem::directory_iterator it(directory, failure), end; !failure && it != end; it.increment(failure))
      names.push_back(it->path().filename().string());
    if (failure) return system_error("list", directory, failure.value());
    std::sort(names.begin(), names.end());
    return names;
  }

  result<void> make_directory(const std::filesystem::path& path) override {
    std::error_code failure;
    std::filesystem::create_directories(path, failure);
    if (failure) return system_error("create directory", path, failure.value());
    return {};
  }

  result<void> remove(const std::filesystem::path& path) override {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error("remove", path, errno);
    return {};
  }

  result<void> remove_tree(const std::filesystem::path& path) override {
    std::error_code failure;
    std::filesystem::remove_all(path, failure);
    if (failure) return system_error("remove", path, failure.value());
    return {};
  }

  result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return system_error("rename", from, errno);
    return {};
  }

  result<void> sync_directory(const std::filesystem::path& path) override {
    descriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() < 0) return system_error("open", path, errno);
    if (::fsync(fd.get()) != 0) return system_error("fsync", path, errno);
    return {};
  }

  bool exists(const std::filesystem::path& path) override {
    std::error_code ignored;
    return std::filesystem::exists(path, ignored);
  }

  result<std::unique_ptr<process_lock>> lock(const std::filesystem::path& path) override {
    descriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
    if (fd.get() < 0) return system_error("open", path, errno);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK)
        return error{errc::busy, fmt::format("{}: the store is in use by another process", path.string())};
      return system_error("lock", path, errno);
    }
    return std::unique_ptr<process_lock>(std::make_unique<flock_guard>(std::move(fd)));
  }
};

}  // namespace

env& posix_env() {
  static posix instance;
  return instance;
}

error system_error(std::string_view what, const std::filesystem::path& path, int code) {
  const bool full = code == ENOSPC || code == EDQUOT;
  return error{full ? errc::disk_full : errc::io,
               fmt::format("{} {}: {}", what, path.string(), std::generic_category().message(code))};
}

result<std::string> read_file(env& environment, const std::filesystem::path& path) {
  auto opened = environment.open(path, open_mode::read);
  if (!opened) return opened.failure();
  auto size = (*opened)->size();
  if (!size) return size.failure();
  std::string bytes(static_cast<std::size_t>(*size), '\0');
  auto got = (*opened)->read_at(0, bytes.size(), bytes.data());
  if (!got) return got.failure();
  bytes.resize(*got);
  return bytes;
}

result<void> replace_file(env& environment, const std::filesystem::path& path, std::string_view bytes) {
  auto temporary = path;
  temporary += ".tmp";
  if (auto removed = environment.remove(temporary); !removed) return removed;
  {
    auto opened = environment.open(temporary, open_mode::create);
    if (!opened) return opened.failure();
    environment.reached("before file write");
    if (auto written = (*opened)->write_at(0, bytes); !written) return written;
    environment.reached("before file fsync");
    if (auto synced = (*opened)->sync(); !synced) return synced;
  }
  environment.reached("before file replacement");
  if (auto renamed = environment.rename(temporary, path); !renamed) return renamed;
  environment.reached("after file replacement");
  if (auto synced = environment.sync_directory(path.parent_path()); !synced) return synced;
  environment.reached("after directory fsync");
  return {};
}

}  // namespace helios::storage
