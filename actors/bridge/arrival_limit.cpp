#include "actors/bridge/arrival_limit.hpp"

#include <algorithm>
#include <utility>

namespace squall::actors {

namespace {
constexpr std::size_t remembered_at_least = 64;
}

struct ArrivalLimit::UnderWay {
  UnderWay(std::shared_ptr<Amount> of_peer, std::shared_ptr<Amount> of_all, std::size_t size)
      : peer(std::move(of_peer)), total(std::move(of_all)), bytes(size) {
    for (const auto& amount : {peer.get(), total.get()}) {
      ++amount->frames;
      amount->bytes += bytes;
    }
  }
  ~UnderWay() {
    for (const auto& amount : {peer.get(), total.get()}) {
      --amount->frames;
      amount->bytes -= bytes;
    }
  }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

  std::shared_ptr<Amount> peer, total;
  std::size_t bytes;
};

ArrivalLimit::ArrivalLimit(const Limits& limits)
    : limits_(limits), total_(std::make_shared<Amount>()), forget_at_(remembered_at_least) {}

std::shared_ptr<const void> ArrivalLimit::admit(const std::string& peer, std::size_t bytes) {
  if (total_->bytes + bytes > 2 * limits_.total_bytes) return nullptr;
  if (peers_.size() >= forget_at_) forget_idle();
  auto& amount = peers_[peer];
  if (!amount) amount = std::make_shared<Amount>();
  const std::size_t frames = amount->frames;  // a single frame, however long, is never too much
  const bool crowded = total_->bytes + bytes > limits_.total_bytes;
  if (frames > 0 && (crowded || frames >= limits_.frames || amount->bytes + bytes > limits_.bytes))
    return nullptr;
  return std::make_shared<const UnderWay>(amount, total_, bytes);
}

void ArrivalLimit::forget_idle() {
  std::erase_if(peers_, [](const auto& each) { return each.second->frames == 0; });
  forget_at_ = std::max(remembered_at_least, 2 * peers_.size());
}

}  // namespace squall::actors
