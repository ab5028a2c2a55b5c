#pragma once
// A certificate authority of one certificate, made anew for a test: what a TLS server accepts
// connections with, and the file by which a client trusts it.

#include <chrono>
#include <filesystem>
#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace squall::fixtures {

class SelfMadeCertificate {
 public:
  /// `names`: "DNS:server.test,IP:127.0.0.1". `days`: until it expires; negative: it has.
  explicit SelfMadeCertificate(const std::string& names, long days = 1)
      : key_(EVP_EC_gen("P-256"), EVP_PKEY_free),
        certificate_(X509_new(), X509_free),
        context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
    X509* const certificate = certificate_.get();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -86400L * 3);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * days);
    X509_set_pubkey(certificate, key_.get());
    X509_NAME* const name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("squall test"), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    extend(NID_basic_constraints, "critical,CA:TRUE");
    extend(NID_subject_alt_name, names);
    if (X509_sign(certificate, key_.get(), EVP_sha256()) == 0 ||
        SSL_CTX_use_certificate(context_.get(), certificate) != 1 ||
        SSL_CTX_use_PrivateKey(context_.get(), key_.get()) != 1)
      throw std::runtime_error("the test's certificate cannot be made");
    static int number = 0;
    file_ = std::filesystem::temp_directory_path() /
            ("squall_test_ca_" + std::to_string(::getpid()) + "_" + std::to_string(++number));
    const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(file_.c_str(), "w"), std::fclose);
    PEM_write_X509(file.get(), certificate);
  }
  ~SelfMadeCertificate() { std::filesystem::remove(file_); }
  SelfMadeCertificate(const SelfMadeCertificate&) = delete;
  SelfMadeCertificate& operator=(const SelfMadeCertificate&) = delete;

  SSL_CTX* server() const { return context_.get(); }
  std::string file() const { return file_.string(); }

 private:
  void extend(int kind, const std::string& value) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
    if (extension == nullptr) throw std::runtime_error("no such extension: " + value);
    X509_add_ext(certificate_.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }

  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key_;
  std::unique_ptr<X509, void (*)(X509*)> certificate_;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  std::filesystem::path file_;
};

}  // namespace squall::fixtures
