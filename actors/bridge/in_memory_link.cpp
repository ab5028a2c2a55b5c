#include "actors/bridge/in_memory_link.hpp"

#include <algorithm>
#include <cassert>

namespace squall::actors {

class InMemoryHub::Side : public Link {
 public:
  Side(InMemoryHub& hub, Sender sender, PeerId agent)
      : hub_(&hub), sender_(sender), agent_(std::move(agent)) {}

  void start(OnFrame on_frame) override { on_frame_ = std::move(on_frame); }

  void send(const PeerId& peer, Bytes frame) override {
    const PeerId& agent = sender_ == Sender::agent ? agent_ : peer;
    const bool reachable = sender_ == Sender::agent
                               ? hub_ != nullptr && hub_->coordinator_ != nullptr
                               : hub_->agents_.contains(agent);
    if (reachable)
      hub_->carry({sender_, agent, std::move(frame)});
    else
      ++undeliverable_;
  }

  std::uint64_t undeliverable() const override { return undeliverable_; }

  void deliver(PeerId peer, Bytes frame) {
    if (on_frame_) on_frame_(std::move(peer), std::move(frame));
  }
  void cut() { hub_ = nullptr; }  // an agent's: nothing leaves or arrives any more

 private:
  InMemoryHub* hub_;
  Sender sender_;
  PeerId agent_;
  OnFrame on_frame_;
  std::uint64_t undeliverable_ = 0;
};

InMemoryHub::InMemoryHub(std::uint64_t seed, Instant now) : random_(seed), now_(now) {}
InMemoryHub::~InMemoryHub() = default;

void InMemoryHub::set_faults(Sender sender, const Faults& faults) {
  assert(faults.delay_at_least <= faults.delay_at_most);
  (sender == Sender::agent ? from_agents_ : from_coordinator_) = faults;
}

std::shared_ptr<Link> InMemoryHub::coordinator() {
  assert(!coordinator_);
  coordinator_ = std::make_shared<Side>(*this, Sender::coordinator, PeerId{});
  return coordinator_;
}

std::shared_ptr<Link> InMemoryHub::agent(const PeerId& agent) {
  disconnect(agent);
  auto side = std::make_shared<Side>(*this, Sender::agent, agent);
  agents_[agent] = side;
  return side;
}

void InMemoryHub::disconnect(const PeerId& agent) {
  const auto found = agents_.find(agent);
  if (found == agents_.end()) return;
  found->second->cut();
  agents_.erase(found);
  lost_ += std::erase_if(under_way_, [&](const auto& each) { return each.second.agent == agent; });
}

std::optional<Instant> InMemoryHub::next_due() const {
  if (under_way_.empty()) return std::nullopt;
  return under_way_.begin()->first.first;
}

void InMemoryHub::carry(Frame frame) {
  const Faults& faults = frame.sender == Sender::agent ? from_agents_ : from_coordinator_;
  // Everything is drawn for every frame, so that one fault does not shift the others.
  const bool lost = random_.uniform() < faults.loss;
  const bool twice = random_.uniform() < faults.duplication;
  const auto due = [&] {
    const auto range = static_cast<double>((faults.delay_at_most - faults.delay_at_least).count());
    const nanoseconds delay =
        faults.delay_at_least +
        nanoseconds(static_cast<std::int64_t>(random_.uniform() * (range + 1)));
    return now_ + std::max(delay, nanoseconds{1});  // time passes, or an echo would never end
  };
  const Instant first = due();
  const Instant second = due();
  if (lost) {
    ++lost_;
    return;
  }
  if (twice) under_way_.emplace(std::pair(second, sent_++), frame);
  under_way_.emplace(std::pair(first, sent_++), std::move(frame));
}

void InMemoryHub::deliver(Frame&& frame) {
  ++delivered_;
  if (frame.sender == Sender::agent)
    coordinator_->deliver(std::move(frame.agent), std::move(frame.bytes));
  else
    agents_.at(frame.agent)->deliver({}, std::move(frame.bytes));
}

void InMemoryHub::advance(Instant now) {
  assert(now >= now_);
  while (!under_way_.empty() && under_way_.begin()->first.first <= now) {
    auto next = under_way_.extract(under_way_.begin());
    now_ = next.key().first;
    deliver(std::move(next.mapped()));
  }
  now_ = now;
}

}  // namespace squall::actors
