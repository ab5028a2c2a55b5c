#include "agents/model_tool/fetch_command.hpp"

#include <chrono>
#include <cstdio>

#include "agents/engine/model/model_locator.hpp"
#include "agents/models/decompressed_model.hpp"
#include "agents/models/download.hpp"
#include "agents/models/model_choice.hpp"
#include "agents/models/progress_display.hpp"

namespace squall::agents {

int fetch_command(const FetchOptions& options) {
  const auto cache = cache_directory();
  if (cache.empty()) {
    throw ModelError("there is no cache directory to download to; set HOME or XDG_CACHE_HOME");
  }
  std::string digest = options.sha256;
  for (char& digit : digest) {
    if (digit >= 'A' && digit <= 'F') digit = static_cast<char>(digit - 'A' + 'a');
  }
  if (!digest.empty() &&
      (digest.size() != 64 || digest.find_first_not_of("0123456789abcdef") != std::string::npos)) {
    throw ModelError("--sha256 must be 64 hexadecimal digits, as sha256sum prints them");
  }
  ProgressDisplay display(stderr, "squall model: ");
  DownloadContext context;
  context.seed = options.seed;
  context.on_progress = [&](const DownloadProgress& progress) {
    display.show(progress, std::chrono::steady_clock::now());
    return true;
  };
  const Download fetched =
      download({.sources = options.sources,
                .destination = download_place(options.name, options.sources, cache),
                .sha256 = digest},
               context);
  display.finish();
  for (const std::string& failure : fetched.failures) {
    std::fprintf(stderr, "squall model: %s\n", failure.c_str());
  }
  const auto plain = decompressed_model(fetched.file, cache);
  std::printf("%s%s\n", plain.c_str(), fetched.source.empty() ? " (was there already)" : "");
  if (!fetched.sha256.empty() && options.sha256.empty()) {
    std::printf("sha256 %s (as it came; not checked against anything)\n", fetched.sha256.c_str());
  }
  return 0;
}

}  // namespace squall::agents
