#pragma once
// How many answers strangers get: so many a second, however much they ask.

#include <chrono>
#include <cstdint>

#include "actors/metrics/request_timeline.hpp"

namespace squall::coordinator {

class AnswerAllowance {
 public:
  explicit AnswerAllowance(std::uint32_t each_second) : each_second_(each_second) {}

  bool take(actors::Instant now) {
    if (now - since_ >= std::chrono::seconds(1)) {
      since_ = now;
      given_ = 0;
    }
    if (given_ >= each_second_) return false;
    ++given_;
    return true;
  }

 private:
  std::uint32_t each_second_;
  std::uint32_t given_ = 0;
  actors::Instant since_;
};

}  // namespace squall::coordinator
