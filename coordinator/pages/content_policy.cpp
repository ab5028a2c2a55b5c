#include "coordinator/pages/content_policy.hpp"

#include <array>
#include <openssl/evp.h>
#include <stdexcept>

namespace squall::coordinator {

std::string source_hash(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("OpenSSL cannot compute SHA-256 here");
  std::array<unsigned char, 4 * ((EVP_MAX_MD_SIZE + 2) / 3) + 1> base64{};
  const int written = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(length));
  return "'sha256-" +
         std::string(reinterpret_cast<const char*>(base64.data()),
                     static_cast<std::size_t>(written)) +
         "'";
}

std::string content_policy(std::string_view style, const std::vector<std::string_view>& scripts,
                           std::string_view more) {
  std::string policy = "default-src 'none'; script-src";
  for (const std::string_view script : scripts) policy += ' ' + source_hash(script);
  policy += "; style-src " + source_hash(style) + "; base-uri 'none'; form-action 'none'";
  if (!more.empty()) policy += "; " + std::string(more);
  return policy;
}

}  // namespace squall::coordinator
