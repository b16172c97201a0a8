#include "net/tcp_connection.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>

namespace helios::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t read_bytes_first = 4u << 10;
constexpr int keepalive_idle_s = 30, keepalive_interval_s = 10, keepalive_probes = 3;

error closed_by_peer() { return {errc::closed, "the peer closed the connection"}; }
error failure(const error_code& code) {
  if (code == asio::error::eof) return closed_by_peer();
  return {errc::io, code.message()};
}

void set_options(tcp_connection::tcp::socket& socket) {
  error_code ignored;  // an option that cannot be set costs speed, not correctness
  socket.non_blocking(true, ignored);
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  const int fd = socket.native_handle();
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &keepalive_idle_s, sizeof keepalive_idle_s);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &keepalive_interval_s, sizeof keepalive_interval_s);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &keepalive_probes, sizeof keepalive_probes);
}

void run_all(std::vector<std::function<void()>>& actions) {
  for (auto& a : actions) a();
}

}  // namespace

connection_ptr tcp_connection::make(tcp::socket socket, tls_context_ptr tls) {
  set_options(socket);
  return std::make_shared<tcp_connection>(std::move(socket), std::move(tls));
}

tcp_connection::tcp_connection(tcp::socket socket, tls_context_ptr tls)
    : socket_(std::move(socket)), deadline_(socket_.get_executor()), tls_context_(std::move(tls)) {
  error_code failed;
  const auto remote = socket_.remote_endpoint(failed);
  if (!failed) {
    remote_host_ = remote.address().to_string();
    remote_port_ = remote.port();
  }
}

void tcp_connection::set_callbacks(callbacks to) {
  auto next = std::make_shared<const callbacks>(std::move(to));
  lock guard(mutex_);
  if (state_ != state::closed) callbacks_.swap(next);
  guard.unlock();  // the old callbacks are destroyed without the mutex
}

void tcp_connection::read() {
  lock guard(mutex_);
  if (state_ != state::open || wanted_) return;
  wanted_ = true;
  if (!received_.empty()) {
    asio::post(socket_.get_executor(), [me = self()] { me->deliver(); });
  } else if (!reading_) {
    start_read();
  }
}

void tcp_connection::start_read() {
  reading_ = true;
  if (read_buffer_.empty()) read_buffer_.resize(read_bytes_first);
  socket_.async_read_some(asio::buffer(read_buffer_), [me = self()](const error_code& failed, std::size_t n) {
    me->on_read(failed, n);
  });
}

void tcp_connection::on_read(const error_code& failed, std::size_t n) {
  actions todo;
  {
    lock guard(mutex_);
    reading_ = false;
    if (state_ == state::closed) return;
    if (failed) {
      read_ended_ = true;
      // A peer that has only stopped sending still gets the rest of what is on its way.
      if (failed != asio::error::eof || state_ != state::flushing) end(failure(failed), todo);
    } else if (state_ == state::open) {
      unwrap(n, todo);
      if (n == read_buffer_.size() && n < read_bytes_max) read_buffer_.resize(n * 2);
      if (state_ == state::open && received_.empty() && (wanted_ || on_tls_)) start_read();
    } else {
      start_read();  // what arrives while leaving is thrown away, so that closing does not reset the peer
    }
  }
  run_all(todo);
  deliver();
}

void tcp_connection::unwrap(std::size_t n, actions& out) {
  if (!tls_) {
    received_.append(read_buffer_, 0, n);
    return;
  }
  const auto decrypted = tls_->receive(std::string_view(read_buffer_).substr(0, n), received_);
  if (auto answer = tls_->take_output(); !answer.empty()) write_out(std::move(answer));
  if (on_tls_ && (!decrypted || tls_->established())) {
    out.push_back([then = std::exchange(on_tls_, nullptr), decrypted] { then(decrypted); });
  }
  if (!decrypted) end(decrypted.failure(), out);
}

std::optional<std::string> tcp_connection::take_wanted() {
  if (state_ != state::open || !wanted_ || received_.empty() || delivering_) return std::nullopt;
  wanted_ = false;
  return std::exchange(received_, {});
}

void tcp_connection::deliver() {
  lock guard(mutex_);
  while (auto bytes = take_wanted()) {
    delivering_ = true;
    const auto user = callbacks_;
    guard.unlock();
    if (user && user->on_data) user->on_data(std::move(*bytes));
    guard.lock();
    delivering_ = false;
  }
  const bool ended = state_ == state::closed;
  guard.unlock();
  if (ended) announce_closed();
}

void tcp_connection::announce_closed() {
  lock guard(mutex_);
  if (delivering_ || !callbacks_) return;
  const auto user = std::exchange(callbacks_, nullptr);
  const auto why = closed_why_;
  guard.unlock();
  if (user->on_closed) user->on_closed(why);
}

void tcp_connection::send(std::string bytes) {
  if (bytes.empty()) return;
  actions todo;
  {
    lock guard(mutex_);
    if (state_ != state::open) return;
    if (tls_) {
      const auto sent = tls_->send(bytes);
      bytes = tls_->take_output();
      if (!sent) end(sent.failure(), todo);
    }
    if (state_ == state::open) write_out(std::move(bytes));
  }
  run_all(todo);
}

void tcp_connection::write_out(std::string bytes) {
  if (write_active_) {
    queued_.append(bytes);
    return;
  }
  std::size_t done = 0;
  error_code failed;
  while (done < bytes.size() && !failed) {
    done += socket_.write_some(asio::buffer(bytes.data() + done, bytes.size() - done), failed);
  }
  if (done == bytes.size()) return;
  // Not all fits, or it failed: the asynchronous write waits, or meets the same failure and reports it from an io thread.
  writing_ = std::move(bytes);
  written_ = done;
  start_write();
}

void tcp_connection::start_write() {
  write_active_ = true;
  socket_.async_write_some(asio::buffer(writing_.data() + written_, writing_.size() - written_),
                           [me = self()](const error_code& failed, std::size_t n) { me->on_write(failed, n); });
}

void tcp_connection::on_write(const error_code& failed, std::size_t n) {
  actions todo;
  {
    lock guard(mutex_);
    write_active_ = false;
    if (state_ == state::closed) return;
    written_ += n;
    if (failed) {
      end(failure(failed), todo);
    } else {
      if (written_ == writing_.size()) {
        writing_ = std::exchange(queued_, {});
        written_ = 0;
      }
      if (!writing_.empty()) start_write();
      else if (state_ == state::flushing) start_draining(todo);
      take_ready_waiters(todo);
    }
  }
  run_all(todo);
}

void tcp_connection::take_ready_waiters(actions& out) {
  const auto first = std::stable_partition(waiters_.begin(), waiters_.end(),
                                           [this](const waiter& w) { return pending() > w.bytes; });
  for (auto w = first; w != waiters_.end(); ++w) out.push_back(std::move(w->then));
  waiters_.erase(first, waiters_.end());
}

std::size_t tcp_connection::pending_bytes() const {
  lock guard(mutex_);
  return pending();
}

void tcp_connection::when_pending_below(std::size_t bytes, std::function<void()> then) {
  {
    lock guard(mutex_);
    if (state_ != state::closed && pending() > bytes) {
      waiters_.push_back({bytes, std::move(then)});
      return;
    }
  }
  then();
}

void tcp_connection::close_after_flush(std::chrono::milliseconds within) {
  actions todo;
  lock guard(mutex_);
  if (state_ != state::open) return;
  if (tls_) {
    tls_->send_close_notify();
    write_out(tls_->take_output());
  }
  state_ = state::flushing;
  deadline_.expires_after(within);
  deadline_.async_wait([me = self()](const error_code& cancelled) {
    if (cancelled) return;
    actions late;
    {
      lock inner(me->mutex_);
      me->end({errc::closed, "closed by this side"}, late);
    }
    run_all(late);
  });
  if (pending() == 0) start_draining(todo);
  guard.unlock();
  run_all(todo);
}

void tcp_connection::start_draining(actions& out) {
  state_ = state::draining;
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  if (read_ended_) end(closed_by_peer(), out);
  else if (!reading_) start_read();
}

void tcp_connection::close() {
  actions todo;
  {
    lock guard(mutex_);
    on_tls_ = nullptr;
    end({errc::closed, "closed by this side"}, todo);
    // Destroyed without the mutex: the last reference to the user may hang on them.
    todo.push_back([user = std::exchange(callbacks_, nullptr)] {});
  }
  run_all(todo);
}

void tcp_connection::end(const error& why, actions& out) {
  if (state_ == state::closed) return;
  state_ = state::closed;
  closed_why_ = why;
  error_code ignored;
  deadline_.cancel(ignored);
  socket_.close(ignored);
  queued_.clear();
  written_ = writing_.size();
  for (auto& w : waiters_) out.push_back(std::move(w.then));
  waiters_.clear();
  if (on_tls_) out.push_back([then = std::exchange(on_tls_, nullptr), why] { then(why); });
  // From an io thread, never from inside the user's own send().
  asio::post(socket_.get_executor(), [me = self()] { me->announce_closed(); });
}

void tcp_connection::start_tls_server(std::function<void(result<void>)> then) {
  {
    lock guard(mutex_);
    if (state_ == state::open && tls_context_ && !tls_) {
      tls_ = std::make_unique<tls_session>(tls_context_);
      on_tls_ = std::move(then);
      if (!reading_) start_read();
      return;
    }
  }
  then(error{errc::invalid_argument, "TLS is not configured, or the connection is closed"});
}

}  // namespace helios::net
