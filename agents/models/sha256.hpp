#pragma once
// The SHA-256 digest of a file, read from disk once from front to end.

#include <filesystem>
#include <functional>
#include <string>

namespace squall::agents {

/// 64 lower-case hexadecimal digits. `go_on` is asked every few MiB with the bytes read so far;
/// when it says no the result is empty. Throws ModelError when the file cannot be read.
std::string sha256_of_file(const std::filesystem::path& path,
                           const std::function<bool(std::uint64_t)>& go_on = {});

}  // namespace squall::agents
