#include "agents/targets/openai/http/tls_client.hpp"

#include <arpa/inet.h>
#include <cassert>
#include <cerrno>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdexcept>
#include <utility>

namespace squall::agents {

namespace {

bool is_address(const std::string& host) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

const char* certificate_failure(long verify_result) {
  switch (verify_result) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "TLS: certificate does not match host";
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "TLS: certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "TLS: certificate is not valid yet";
    case X509_V_ERR_CERT_REVOKED:
      return "TLS: certificate is revoked";
    default:
      return "TLS: certificate is not trusted";
  }
}

}  // namespace

struct TlsClient::Impl {
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
  };

  std::string host;
  std::unique_ptr<SSL_CTX, Free> context;
  std::unique_ptr<SSL_SESSION, Free> session;  // the newest, for the next connection

  /// OpenSSL gives us a session to keep: 1 says that we did.
  static int keep_session(SSL* ssl, SSL_SESSION* session) {
    auto* const impl = static_cast<Impl*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    impl->session.reset(session);
    return 1;
  }
};

TlsClient::TlsClient(std::string host, const std::string& ca_file)
    : impl_(std::make_unique<Impl>()) {
  impl_->host = std::move(host);
  impl_->context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = impl_->context.get();
  if (context == nullptr) throw std::runtime_error("OpenSSL cannot be started");
  SSL_CTX_set_app_data(context, impl_.get());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  // Buffers only while there is something in them: thousands of connections mostly wait.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, Impl::keep_session);
  constexpr unsigned char http[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context, http, sizeof http - 1);
  const bool trusts = ca_file.empty()
                          ? SSL_CTX_set_default_verify_paths(context) == 1
                          : SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) == 1;
  ERR_clear_error();
  if (!trusts)
    throw std::invalid_argument(
        ca_file.empty()
            ? "the system's certificates cannot be read; name a file with ca_file"
            : "ca_file '" + ca_file + "' cannot be read or holds no certificates in PEM form");
}

TlsClient::~TlsClient() = default;

struct TlsClient::Session::Impl {
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  std::unique_ptr<SSL, Free> ssl;
};

TlsClient::Session::Session(TlsClient& client, int socket) : impl_(std::make_unique<Impl>()) {
  impl_->ssl.reset(SSL_new(client.impl_->context.get()));
  SSL* const ssl = impl_->ssl.get();
  const std::string& host = client.impl_->host;
  bool set = ssl != nullptr && SSL_set_fd(ssl, socket) == 1;
  if (set && is_address(host)) {
    set = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  } else if (set) {
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    set = SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
  }
  if (!set) throw std::bad_alloc();  // all that can be wrong here
  if (client.impl_->session) SSL_set_session(ssl, client.impl_->session.get());
}

/// A session that is freed without a goodbye could not be resumed, though nothing went wrong.
TlsClient::Session::~Session() { SSL_set_shutdown(impl_->ssl.get(), SSL_SENT_SHUTDOWN); }

IoResult TlsClient::Session::result_of(int returned, std::size_t count) {
  if (returned == 1) return {IoResult::State::done, count};
  const int system_error = errno;
  SSL* const ssl = impl_->ssl.get();
  const int error = SSL_get_error(ssl, returned);
  // The last: a forged signature leaves its own before "certificate verify failed".
  const unsigned long queued = ERR_peek_last_error();
  ERR_clear_error();  // the queue is the thread's, and the next connection looks into it
  switch (error) {
    case SSL_ERROR_WANT_READ:
      return {IoResult::State::wait_read};
    case SSL_ERROR_WANT_WRITE:
      return {IoResult::State::wait_write};
    case SSL_ERROR_ZERO_RETURN:
      return {IoResult::State::closed};
    case SSL_ERROR_SYSCALL:
      // Without a goodbye: may be an attempt to cut the answer short.
      return {IoResult::State::failed, 0,
              system_error == ETIMEDOUT ? "connection timed out" : "connection reset"};
    default:
      break;
  }
  if (ERR_GET_REASON(queued) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
    return {IoResult::State::failed, 0, "connection reset"};
  if (ERR_GET_REASON(queued) == SSL_R_CERTIFICATE_VERIFY_FAILED)
    return {IoResult::State::failed, 0, certificate_failure(SSL_get_verify_result(ssl))};
  if (ERR_GET_REASON(queued) == SSL_R_WRONG_VERSION_NUMBER)
    return {IoResult::State::failed, 0, "TLS: the server does not speak it"};
  return {IoResult::State::failed, 0,
          SSL_is_init_finished(ssl) ? "TLS: connection broken" : "TLS: handshake failed"};
}

IoResult TlsClient::Session::handshake() {
  errno = 0;
  return result_of(SSL_connect(impl_->ssl.get()), 0);
}

IoResult TlsClient::Session::read_some(std::span<char> into) {
  std::size_t count = 0;
  errno = 0;
  const int returned = SSL_read_ex(impl_->ssl.get(), into.data(), into.size(), &count);
  return result_of(returned, count);
}

IoResult TlsClient::Session::write_some(std::string_view bytes) {
  std::size_t count = 0;
  errno = 0;
  const int returned = SSL_write_ex(impl_->ssl.get(), bytes.data(), bytes.size(), &count);
  return result_of(returned, count);
}

bool TlsClient::Session::has_unread() const { return SSL_pending(impl_->ssl.get()) > 0; }

}  // namespace squall::agents
