#include "agents/models/sha256.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <openssl/evp.h>
#include <stdexcept>
#include <vector>

#include "agents/engine/model/model.hpp"

namespace squall::agents {

namespace {

constexpr std::size_t piece = std::size_t{4} << 20;

struct Digest {
  Digest() : context(EVP_MD_CTX_new()) {
    if (context == nullptr || EVP_DigestInit_ex(context, EVP_sha256(), nullptr) != 1)
      throw std::runtime_error("this machine's OpenSSL has no SHA-256");
  }
  ~Digest() { EVP_MD_CTX_free(context); }
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;

  std::string text() const {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned length = 0;
    EVP_DigestFinal_ex(context, bytes.data(), &length);
    std::string digits;
    for (unsigned i = 0; i < length; ++i) {
      digits += "0123456789abcdef"[bytes[i] >> 4];
      digits += "0123456789abcdef"[bytes[i] & 15U];
    }
    return digits;
  }

  EVP_MD_CTX* context;
};

}  // namespace

std::string sha256_of_file(const std::filesystem::path& path,
                           const std::function<bool(std::uint64_t)>& go_on) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (!file) throw ModelError("cannot read " + path.string() + ": " + std::strerror(errno));
  const Digest digest;
  std::vector<unsigned char> bytes(piece);
  std::uint64_t done = 0;
  while (const std::size_t count = std::fread(bytes.data(), 1, bytes.size(), file.get())) {
    EVP_DigestUpdate(digest.context, bytes.data(), count);
    done += count;
    if (go_on && !go_on(done)) return {};
  }
  if (std::ferror(file.get()) != 0)
    throw ModelError("cannot read " + path.string() + ": " + std::strerror(errno));
  return digest.text();
}

}  // namespace squall::agents
