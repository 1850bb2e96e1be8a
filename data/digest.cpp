// One call of libcrypto.
#include "data/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <stdexcept>

namespace hilum {

Digest sha256(const void* bytes, std::size_t count) {
  Digest digest;
  if (EVP_Digest(bytes, count, digest.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("SHA-256: the cryptographic library refused it.");
  }
  return digest;
}

std::string hex(const Digest& digest) {
  std::string text;
  for (const std::uint8_t byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace hilum
