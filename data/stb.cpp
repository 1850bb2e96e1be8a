// The one place where the stb libraries are compiled. Their allocations go through a limit that
// image.cpp sets per image, so that bytes which inflate without end stop early, and their asserts
// become exceptions.
#include "data/stb.h"

#include <cstdlib>

namespace hilum {

thread_local std::size_t stb_allocation_limit = 0;

namespace {
void* limited_realloc(void* block, std::size_t size) {
  return size > stb_allocation_limit ? nullptr : std::realloc(block, size);
}
}  // namespace
}  // namespace hilum

// Asserts stay on in every build, and a damaged file must not end the program.
#define STBI_ASSERT(holds)                     \
  do {                                         \
    if (!(holds)) throw hilum::StbAssertion(); \
  } while (false)
#define STBI_MALLOC(size) hilum::limited_realloc(nullptr, size)
#define STBI_REALLOC(block, size) hilum::limited_realloc(block, size)
#define STBI_FREE(block) std::free(block)
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_MAX_DIMENSIONS (1 << 26)
#define STB_IMAGE_IMPLEMENTATION
#include <stb_image.h>

#define STBI_WRITE_NO_STDIO
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb_image_write.h>
