// SHA-256 of bytes, by OpenSSL: what names a file's content in manifests and finds exact copies.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace hilum {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(const void* bytes, std::size_t count);
std::string hex(const Digest& digest);  // 64 lower-case digits

}  // namespace hilum
