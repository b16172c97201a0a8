#include "test/support/fault_env.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <utility>

#include "base/invariant.hpp"

namespace helios::storage::test {
namespace fs = std::filesystem;
namespace {

std::string content_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_content(const fs::path& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// LMDB's lock file holds nothing that outlives a process, and is sparse and large.
bool is_lock_file(const std::string& name) { return name.ends_with("-lock") || name == "lock"; }

}  // namespace

class fault_env::watched_file final : public file {
 public:
  watched_file(fault_env& owner, std::unique_ptr<file> inner, inode_ptr node, fs::path path)
      : owner_(owner), inner_(std::move(inner)), node_(std::move(node)), path_(std::move(path)) {}

  result<void> write_at(std::uint64_t offset, std::string_view bytes) override {
    if (auto alive = owner_.check_alive(path_); !alive) return alive;
    if (const auto code = due(owner_.write_fault_)) {
      (void)inner_->write_at(offset, bytes.substr(0, bytes.size() / 2));
      return system_error("write", path_, *code);
    }
    return inner_->write_at(offset, bytes);
  }
  result<std::size_t> read_at(std::uint64_t offset, std::size_t bytes, char* to) const override {
    return inner_->read_at(offset, bytes, to);
  }
  result<void> sync() override {
    if (auto alive = owner_.check_alive(path_); !alive) return alive;
    if (const auto code = due(owner_.sync_fault_)) return system_error("fdatasync", path_, *code);
    auto size = inner_->size();
    if (!size) return size.failure();
    node_->durable.resize(static_cast<std::size_t>(*size));
    auto got = inner_->read_at(0, node_->durable.size(), node_->durable.data());
    return got ? result<void>{} : got.failure();
  }
  result<void> truncate(std::uint64_t bytes) override {
    if (auto alive = owner_.check_alive(path_); !alive) return alive;
    return inner_->truncate(bytes);
  }
  result<std::uint64_t> size() const override { return inner_->size(); }

 private:
  fault_env& owner_;
  std::unique_ptr<file> inner_;
  inode_ptr node_;
  fs::path path_;
};

fault_env::fault_env(fs::path root) : root_(std::move(root)), tree_(scan(root_)) {}
fault_env::~fault_env() = default;

// Everything found is durable.
fault_env::inode_ptr fault_env::scan(const fs::path& path) {
  auto out = std::make_shared<inode>();
  out->is_directory = fs::is_directory(path);
  if (!out->is_directory) return out;
  for (const auto& found : fs::directory_iterator(path)) {
    const auto name = found.path().filename().string();
    if (!is_lock_file(name)) out->live[name] = scan(found.path());
  }
  out->kept = out->live;
  return out;
}

// Notices files that LMDB made or removed.
void fault_env::rescan(inode& directory, const fs::path& path) {
  for (const auto& found : fs::directory_iterator(path)) {
    const auto name = found.path().filename().string();
    if (!is_lock_file(name) && !directory.live.contains(name)) directory.live[name] = scan(found.path());
  }
  std::erase_if(directory.live, [&path](const auto& named) { return !fs::exists(path / named.first); });
}

fault_env::inode* fault_env::find(const fs::path& path) {
  inode* at = tree_.get();
  fs::path so_far = root_;
  for (const auto& part : fs::relative(path, root_)) {
    if (part == ".") continue;
    rescan(*at, so_far);
    const auto next = at->live.find(part.string());
    HELIOS_INVARIANT(next != at->live.end(), "the path lies under the watched root and exists");
    at = next->second.get();
    so_far /= part;
  }
  if (at->is_directory) rescan(*at, so_far);
  return at;
}

std::optional<int> fault_env::due(std::optional<fault>& what) {
  if (!what || what->left-- > 0) return std::nullopt;
  const int code = what->code;
  what.reset();
  return code;
}

result<void> fault_env::check_alive(const fs::path& path) const {
  return stopped_ ? result<void>(system_error("after the stop", path, EIO)) : result<void>{};
}

void fault_env::reached(std::string_view step) {
  if (stopped_) return;
  steps_.emplace_back(step);
  if (at_step) at_step(step);
  if (!steps_left_ || (*steps_left_)-- > 0) return;
  steps_left_.reset();
  stopped_ = true;
  throw simulated_crash();
}

result<std::unique_ptr<file>> fault_env::open(const fs::path& path, open_mode mode) {
  if (mode == open_mode::read) return posix_env().open(path, mode);
  if (auto alive = check_alive(path); !alive) return alive.failure();
  const bool is_new = !fs::exists(path);
  auto opened = posix_env().open(path, mode);
  if (!opened) return opened;
  find(path);
  auto& node = find(path.parent_path())->live[path.filename().string()];
  if (node->is_foreign && !is_new) node->durable = content_of(path);
  node->is_foreign = false;
  return std::unique_ptr<file>(std::make_unique<watched_file>(*this, std::move(*opened), node, path));
}

result<std::vector<std::string>> fault_env::list(const fs::path& directory) { return posix_env().list(directory); }

result<void> fault_env::make_directory(const fs::path& path) {
  if (auto alive = check_alive(path); !alive) return alive;
  return posix_env().make_directory(path);
}

// A foreign file that goes while a durable name may still lead to it.
void fault_env::keep_content(const inode_ptr& what, const fs::path& path) {
  if (what->is_directory) {
    for (const auto& [name, child] : what->live) keep_content(child, path / name);
  } else if (what->is_foreign) {
    what->durable = content_of(path);
    what->is_foreign = false;
  }
}

result<void> fault_env::remove(const fs::path& path) {
  if (auto alive = check_alive(path); !alive) return alive;
  if (!fs::exists(path)) return {};
  if (!is_lock_file(path.filename().string())) {
    find(path);
    auto& siblings = find(path.parent_path())->live;
    keep_content(siblings.at(path.filename().string()), path);
    siblings.erase(path.filename().string());
  }
  return posix_env().remove(path);
}

result<void> fault_env::remove_tree(const fs::path& path) {
  if (auto alive = check_alive(path); !alive) return alive;
  if (!fs::exists(path)) return {};
  find(path);
  auto& siblings = find(path.parent_path())->live;
  keep_content(siblings.at(path.filename().string()), path);
  siblings.erase(path.filename().string());
  return posix_env().remove_tree(path);
}

result<void> fault_env::rename(const fs::path& from, const fs::path& to) {
  if (auto alive = check_alive(from); !alive) return alive;
  find(from);
  auto& source = find(from.parent_path())->live;
  auto moved = source.at(from.filename().string());
  auto& target = find(to.parent_path())->live;
  if (const auto old = target.find(to.filename().string()); old != target.end()) keep_content(old->second, to);
  if (auto done = posix_env().rename(from, to); !done) return done;
  source.erase(from.filename().string());
  target[to.filename().string()] = std::move(moved);
  return {};
}

result<void> fault_env::sync_directory(const fs::path& path) {
  if (auto alive = check_alive(path); !alive) return alive;
  if (const auto code = due(sync_fault_)) return system_error("fsync", path, *code);
  auto* directory = find(path);
  directory->kept = directory->live;
  return {};
}

result<std::unique_ptr<process_lock>> fault_env::lock(const fs::path& path) {
  if (auto alive = check_alive(path); !alive) return alive.failure();
  return posix_env().lock(path);
}

void fault_env::build(const inode& from, const fs::path& path, survives unsynced) const {
  if (!from.is_directory) {
    write_content(path, from.durable);
    return;
  }
  fs::create_directory(path);
  for (const auto& [name, child] : unsynced == survives::nothing ? from.kept : from.live)
    build(*child, path / name, unsynced);
}

void fault_env::restart(survives unsynced) {
  if (unsynced != survives::everything) {
    // Contents first: what stays of each file is gathered before the directory is built anew.
    const auto gather = [&](const auto& self, inode& node, const fs::path& path) -> void {
      if (node.is_directory) {
        rescan(node, path);
        for (const auto& [name, child] : node.live) self(self, *child, path / name);
        return;
      }
      const auto now = content_of(path);
      if (node.is_foreign) node.durable = now;
      else if (unsynced == survives::half && now.size() > node.durable.size())
        node.durable = now.substr(0, node.durable.size() + (now.size() - node.durable.size()) / 2);
    };
    gather(gather, *tree_, root_);
    for (const auto& found : fs::directory_iterator(root_)) fs::remove_all(found.path());
    build(*tree_, root_, unsynced);
  }
  tree_ = scan(root_);
  stopped_ = false;
  steps_left_.reset();
  write_fault_.reset();
  sync_fault_.reset();
}

}  // namespace helios::storage::test
