#pragma once
// What the tests of downloads share: a folder, a file to bring there, and pauses that take no time.

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "agents/models/download.hpp"
#include "agents/models/sha256.hpp"
#include "scenarios/load/random.hpp"
#include "tests/fixtures/http_server.hpp"
#include "tests/fixtures/process.hpp"

namespace squall::tests {

using agents::DownloadError;
using agents::ModelError;
using fixtures::HttpConnection;
using fixtures::HttpRequest;
using fixtures::HttpServer;

/// "GGUF" and then random bytes.
inline std::string model_of(std::size_t size, std::uint64_t seed = 1) {
  scenarios::Random random(seed);
  std::string content = "GGUF";
  while (content.size() < size) content += static_cast<char>(random.next());
  return content;
}

struct DownloadFixture {
  TemporaryFolder folder;
  std::string content = model_of(300'000);
  std::vector<std::chrono::milliseconds> pauses;
  agents::DownloadContext context;

  DownloadFixture() {
    context.pause = [this](std::chrono::milliseconds time) {
      pauses.push_back(time);
      return true;
    };
  }

  std::string digest_of(const std::string& bytes) const {
    return agents::sha256_of_file(folder.write("digest", bytes));
  }
  std::filesystem::path place() const { return folder.path() / "cache" / "m.gguf"; }
  agents::DownloadOrder order_from(std::vector<std::string> sources) const {
    agents::DownloadOrder order;
    order.sources = std::move(sources);
    order.destination = place();
    order.sha256 = digest_of(content);
    order.spare_bytes = 0;
    return order;
  }
  agents::Download fetch(const agents::DownloadOrder& order) const {
    return agents::download(order, context);
  }
  /// What is said when it fails; empty when it does not.
  std::string refusal(const agents::DownloadOrder& order) const {
    try {
      fetch(order);
      return {};
    } catch (const ModelError& error) {
      return error.what();
    }
  }
  bool nothing_under_its_name() const { return !std::filesystem::exists(place()); }
};

inline bool says(const std::string& message, const std::string& part) {
  return message.find(part) != std::string::npos;
}

}  // namespace squall::tests
