#pragma once
// What a page may do, said to the browser: its own style and scripts by their digests, and nothing
// from anywhere.

#include <string>
#include <string_view>
#include <vector>

namespace squall::coordinator {

/// "'sha256-…'" of exactly what stands between the tags.
std::string source_hash(std::string_view text);

/// A Content-Security-Policy; `more` is added as it is, such as "connect-src 'self'".
std::string content_policy(std::string_view style, const std::vector<std::string_view>& scripts,
                           std::string_view more = {});

}  // namespace squall::coordinator
