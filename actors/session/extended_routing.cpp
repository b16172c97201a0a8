// The write router's extended protocol: messages gather until Flush or Sync, and their replies are counted (I4).

#include <utility>

#include "actors/session/write_router.hpp"
#include "wire/pg/client.hpp"

namespace helios::actors {
namespace {

// So much is sent before its replies are awaited: a long pipeline is bounded at both ends.
constexpr std::size_t batch_bytes_max = 64u << 10;

}  // namespace

void write_router::begin_batch() {
  if (batch_) return;
  if (lost_transaction_) throw aborted();
  guarded([this] {
    connect();
    replay_settings();
  });
  batch_ = true;
  failed_ = copied_ = false;
}

void write_router::add(std::string_view raw, expected_reply reply) {
  batch_bytes_.append(raw);
  expected_.push_back(std::move(reply));
  if (batch_bytes_.size() > batch_bytes_max) forward_flush();
}

void write_router::ensure_prepared(const known_statement& statement) {
  const auto there = prepared_.find(statement.name);
  if ((there != prepared_.end() && there->second) || !statement.parsed) return;
  std::string bytes;
  wire::pg::frontend_encoder to(bytes);
  if (there != prepared_.end()) {
    to.close('S', statement.name);
    add(std::exchange(bytes, {}), {true, false, {}});
  }
  to.parse(statement.name, statement.text, statement.parameter_types);
  prepared_[statement.name] = true;
  add(bytes, {true, true, statement.name});
}

void write_router::forward_parse(std::string_view raw, const known_statement& before) {
  begin_batch();
  // A name that is taken here must be taken there, to be refused as PostgreSQL does.
  const bool taken = !before.name.empty() && before.parsed;
  if (taken) ensure_prepared(before);
  else prepared_[before.name] = true;
  add(raw, {false, !taken, before.name});
}

void write_router::forward_bind(std::string_view raw, const known_statement& statement) {
  begin_batch();
  ensure_prepared(statement);
  if (statement.parsed) {
    note_commits(*statement.parsed);
    note_kept(*statement.parsed);
    if (status_ == 'T' && sql::classify(*statement.parsed) == sql::statement_class::session) {
      const auto again = sql::parse(statement.text);
      mirror_.insert(mirror_.end(), again.begin(), again.end());
    }
  }
  add(raw, {});
}

void write_router::forward_describe(std::string_view raw, const known_statement* statement) {
  begin_batch();
  if (statement) ensure_prepared(*statement);
  add(raw, {});
}

void write_router::forward_execute(std::string_view raw) {
  begin_batch();
  add(raw, {});
}

void write_router::forward_close(std::string_view raw, const std::string* statement) {
  begin_batch();
  if (statement) prepared_.erase(*statement);
  add(raw, {});
}

void write_router::forget(const std::string& statement) {
  if (const auto there = prepared_.find(statement); there != prepared_.end()) there->second = false;
}

void write_router::send_batch() {
  if (batch_bytes_.empty()) return;
  sent_ = busy_ = true;
  upstream_.send(std::exchange(batch_bytes_, {}));
}

bool write_router::forward_flush() {
  if (!batch_ || failed_ || expected_.empty()) return !failed_;
  guarded([this] {
    wire::pg::frontend_encoder(batch_bytes_).flush();
    send_batch();
    while (!expected_.empty()) relay_reply(upstream_.next());
    busy_ = false;
  });
  return !failed_;
}

bool write_router::forward_sync() {
  bool ready = false;
  copied_ = false;
  guarded([this, &ready] {
    wire::pg::frontend_encoder(batch_bytes_).sync();
    send_batch();
    while (!ready) {
      const auto message = upstream_.next();
      if (message.type == 'Z') {
        ready = true;
        finish(message.body.empty() ? 'I' : message.body[0]);
      } else {
        relay_reply(message);
        if (copied_ && expected_.empty()) break;
      }
    }
    busy_ = false;
  });
  // COPY FROM STDIN reads over the Sync that followed its Execute.
  if (!ready) return false;
  batch_ = failed_ = false;
  return true;
}

// Every message but Sync has one of these as its last reply.
void write_router::relay_reply(const wire::pg::backend_message& message) {
  static constexpr std::string_view last_replies = "123CsInT";
  if (message.type == 'E') {
    relay(message);
    return on_refused();
  }
  const bool last = last_replies.find(message.type) != std::string_view::npos && !expected_.empty();
  const bool swallow = last && expected_.front().swallow;
  if (last) expected_.pop_front();
  if (!swallow) relay(message);
  if (message.type == 'G') pump_copy_in(true);
}

// The primary skips to Sync. What it has not parsed is not prepared there.
void write_router::on_refused() {
  failed_ = true;
  for (const auto& owed : expected_) {
    if (!owed.parse) continue;
    prepared_[owed.statement] = false;
    if (!owed.swallow) unparsed_.push_back(owed.statement);
  }
  expected_.clear();
  batch_bytes_.clear();
}

}  // namespace helios::actors
