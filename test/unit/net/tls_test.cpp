#include "net/tls.hpp"

#include <doctest/doctest.h>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <boost/asio/ip/tcp.hpp>

#include <cstdio>
#include <filesystem>
#include <unistd.h>

#include "net_fixture.hpp"

using namespace helios;
using namespace helios::net;

namespace {

/// A self-signed certificate in files of their own.
class certificate_files {
 public:
  certificate_files() {
    folder_ = std::filesystem::temp_directory_path() / ("helios_tls_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    files = {(folder_ / "cert.pem").string(), (folder_ / "key.pem").string()};
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    write(files.certificate, [&](FILE* f) { PEM_write_X509(f, certificate); });
    write(files.key, [&](FILE* f) { PEM_write_PrivateKey(f, key, nullptr, nullptr, 0, nullptr, nullptr); });
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  ~certificate_files() { std::filesystem::remove_all(folder_); }
  tls_files files;

 private:
  static void write(const std::string& path, auto with) {
    FILE* f = std::fopen(path.c_str(), "w");
    REQUIRE(f != nullptr);
    with(f);
    std::fclose(f);
  }
  std::filesystem::path folder_;
};

/// A blocking TLS client over a plain socket.
class tls_client {
 public:
  tls_client(boost::asio::io_context& io, std::uint16_t port) : socket_(io), context_(SSL_CTX_new(TLS_client_method())) {
    socket_.connect({boost::asio::ip::make_address("127.0.0.1"), port});
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, socket_.native_handle());
  }
  ~tls_client() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  bool handshake() { return SSL_connect(ssl_) == 1; }
  void send(const std::string& bytes) { CHECK(SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) > 0); }
  std::string read(std::size_t n) {
    std::string out(n, '\0');
    std::size_t got = 0;
    while (got < n) {
      const int r = SSL_read(ssl_, out.data() + got, static_cast<int>(n - got));
      if (r <= 0) break;
      got += static_cast<std::size_t>(r);
    }
    out.resize(got);
    return out;
  }
  boost::asio::ip::tcp::socket& socket() { return socket_; }

 private:
  boost::asio::ip::tcp::socket socket_;
  SSL_CTX* context_;
  SSL* ssl_;
};

struct tls_fixture {
  certificate_files certificate;
  mailbox<connection_ptr> accepted;
  mailbox<result<void>> secured;
  io_threads threads;
  std::unique_ptr<listener> listening = std::move(
      *listener::open(threads.io, "127.0.0.1", 0, certificate.files, [this](connection_ptr c) { accepted.push(c); }));
  tls_client client{threads.io, listening->port()};
  peer server{*accepted.take()};

  void start() {
    server.c->start_tls_server([this](result<void> r) { secured.push(std::move(r)); });
  }
};

}  // namespace

TEST_CASE("a connection becomes TLS, and carries bytes both ways") {
  tls_fixture f;
  f.start();
  REQUIRE(f.client.handshake());
  REQUIRE(f.secured.take()->ok());
  f.client.send("over TLS");
  CHECK(f.server.read(8) == "over TLS");
  const std::string big(3u << 20, 't');
  f.server.c->send(big);
  CHECK(f.client.read(big.size()) == big);
}

TEST_CASE("what the client sends with its last handshake message waits for read") {
  tls_fixture f;
  f.start();
  REQUIRE(f.client.handshake());
  f.client.send("early");
  REQUIRE(f.secured.take()->ok());
  CHECK(f.server.read(5) == "early");
}

TEST_CASE("bytes that are no TLS end the connection") {
  tls_fixture f;
  f.start();
  f.client.socket().send(boost::asio::buffer(std::string("this is not a client hello, by any means")));
  const auto outcome = f.secured.take();
  REQUIRE(outcome);
  CHECK_FALSE(outcome->ok());
  CHECK(f.server.closed.take());
}

TEST_CASE("a client that leaves during the handshake is reported") {
  tls_fixture f;
  f.start();
  f.client.socket().close();
  CHECK_FALSE(f.secured.take()->ok());
}

TEST_CASE("TLS is refused where it is not configured") {
  pair_fixture f;
  mailbox<result<void>> outcome;
  f.server->c->start_tls_server([&](result<void> r) { outcome.push(std::move(r)); });
  CHECK(outcome.take()->failure().code == errc::invalid_argument);
}

TEST_CASE("a certificate or key that does not load is named") {
  certificate_files good;
  io_threads threads;
  const auto open = [&](tls_files files) { return listener::open(threads.io, "127.0.0.1", 0, files, [](connection_ptr) {}); };
  CHECK(open({"/no/such/cert.pem", good.files.key}).failure().detail.find("/no/such/cert.pem") != std::string::npos);
  CHECK(open({good.files.certificate, "/no/such/key.pem"}).failure().detail.find("/no/such/key.pem") != std::string::npos);
  CHECK(open({good.files.certificate, good.files.certificate}).failure().code == errc::invalid_argument);
}
