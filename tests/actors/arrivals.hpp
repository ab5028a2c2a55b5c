#pragma once
// What arrived at a link, to be waited for by a test.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "actors/bridge/link.hpp"

namespace squall::tests {

inline actors::Bytes bytes_of(const std::string& text) {
  actors::Bytes bytes;
  for (const char letter : text) bytes.push_back(static_cast<std::byte>(letter));
  return bytes;
}

inline std::string text_of(const actors::Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Arrivals {
 public:
  struct Arrival {
    actors::PeerId peer;
    std::string text;
    std::string identity;
  };

  actors::Link::OnFrame listener() {
    return [this](const actors::Arrival& arrival) {
      const std::lock_guard lock(mutex_);
      all_.push_back({arrival.peer, text_of(arrival.frame), arrival.identity});
      changed_.notify_all();
    };
  }

  /// Waits until `count` frames are there; false after the limit.
  bool wait_for(std::size_t count, std::chrono::milliseconds limit = std::chrono::seconds(5)) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return all_.size() >= count; });
  }

  std::vector<Arrival> all() const {
    const std::lock_guard lock(mutex_);
    return all_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Arrival> all_;
};

}  // namespace squall::tests
