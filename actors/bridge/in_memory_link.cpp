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
    if (hub_ == nullptr) {
      ++undeliverable_;
    } else if (sender_ == Sender::agent) {
      if (hub_->coordinator_ == nullptr) {
        ++undeliverable_;
      } else {
        hub_->carry(agent_, {sender_, connection_, std::move(frame)});
      }
    } else if (const auto found = hub_->connections_.find(peer);
               found != hub_->connections_.end()) {
      hub_->carry(found->second->agent_, {sender_, peer, std::move(frame)});
    } else {
      ++undeliverable_;
    }
  }

  void reconnect() override {
    if (hub_ != nullptr && sender_ == Sender::agent) hub_->break_connection(agent_);
  }

  LinkCounters counters() const override { return {.undeliverable = undeliverable_}; }

  void deliver(PeerId peer, Bytes frame) {
    if (on_frame_) on_frame_({std::move(peer), {}, std::move(frame)});
  }
  void cut() { hub_ = nullptr; }  // nothing leaves or arrives any more
  void connected_as(const PeerId& connection) { connection_ = connection; }
  const PeerId& agent() const { return agent_; }

 private:
  InMemoryHub* hub_;
  Sender sender_;
  PeerId agent_, connection_;
  OnFrame on_frame_;
  std::uint64_t undeliverable_ = 0;
};

InMemoryHub::InMemoryHub(std::uint64_t seed, Instant now) : random_(seed), now_(now) {}
InMemoryHub::~InMemoryHub() {
  if (coordinator_) coordinator_->cut();
  for (auto& [connection, side] : connections_) side->cut();
}

// ---- faults

void InMemoryHub::set_faults(Sender sender, const Faults& faults) {
  assert(faults.delay_at_least <= faults.delay_at_most);
  (sender == Sender::agent ? from_agents_ : from_coordinator_) = faults;
  release_held();
}

void InMemoryHub::set_faults(Sender sender, const PeerId& agent, const Faults& faults) {
  assert(faults.delay_at_least <= faults.delay_at_most);
  (sender == Sender::agent ? from_agent_ : to_agent_)[agent] = faults;
  release_held();
}

void InMemoryHub::clear_faults(const PeerId& agent) {
  from_agent_.erase(agent);
  to_agent_.erase(agent);
  release_held();
}

const InMemoryHub::Faults& InMemoryHub::faults_for(Sender sender, const PeerId& agent) const {
  const FaultsOfAgent& own = sender == Sender::agent ? from_agent_ : to_agent_;
  if (const auto found = own.find(agent); found != own.end()) return found->second;
  return sender == Sender::agent ? from_agents_ : from_coordinator_;
}

void InMemoryHub::release_held() {
  auto held = std::exchange(held_, {});
  for (auto& [agent, frame] : held) carry(agent, std::move(frame));
}

// ---- connections

std::shared_ptr<Link> InMemoryHub::coordinator() {
  const bool another = coordinator_ != nullptr || connections_made_ > 0;
  coordinator_gone();
  coordinator_ = std::make_shared<Side>(*this, Sender::coordinator, PeerId{});
  if (another) {
    const auto agents = connection_of_;
    for (const auto& [agent, connection] : agents) break_connection(agent);
  }
  return coordinator_;
}

void InMemoryHub::coordinator_gone() {
  if (!coordinator_) return;
  coordinator_->cut();
  coordinator_.reset();
  lost_ += under_way_.size() + held_.size();
  under_way_.clear();
  held_.clear();
}

std::shared_ptr<Link> InMemoryHub::agent(const PeerId& agent) {
  disconnect(agent);
  auto side = std::make_shared<Side>(*this, Sender::agent, agent);
  connect(agent, side);
  return side;
}

void InMemoryHub::connect(const PeerId& agent, std::shared_ptr<Side> side) {
  PeerId connection = agent;  // the first of an agent bears its name
  ++connections_made_;
  if (connection_of_.contains(agent)) connection += "~" + std::to_string(connections_made_);
  side->connected_as(connection);
  connection_of_[agent] = connection;
  connections_[connection] = std::move(side);
}

void InMemoryHub::disconnect(const PeerId& agent) {
  const auto found = connection_of_.find(agent);
  if (found == connection_of_.end()) return;
  const PeerId connection = found->second;
  if (const auto side = connections_.find(connection); side != connections_.end()) {
    side->second->cut();
    connections_.erase(side);
  }
  connection_of_.erase(found);
  forget(connection);
}

void InMemoryHub::break_connection(const PeerId& agent) {
  const auto found = connection_of_.find(agent);
  if (found == connection_of_.end()) return;
  const PeerId before = found->second;
  auto side = std::move(connections_.extract(before).mapped());
  forget(before);
  connect(agent, std::move(side));
}

void InMemoryHub::forget(const PeerId& connection) {
  lost_ += std::erase_if(under_way_,
                         [&](const auto& each) { return each.second.connection == connection; });
  lost_ +=
      std::erase_if(held_, [&](const auto& each) { return each.second.connection == connection; });
}

PeerId InMemoryHub::agent_of(const PeerId& connection) const {
  const auto found = connections_.find(connection);
  return found == connections_.end() ? PeerId{} : found->second->agent();
}

// ---- frames

std::optional<Instant> InMemoryHub::next_due() const {
  if (under_way_.empty()) return std::nullopt;
  return under_way_.begin()->first.first;
}

nanoseconds InMemoryHub::draw_delay(const Faults& faults) {
  const auto range = static_cast<double>((faults.delay_at_most - faults.delay_at_least).count());
  const nanoseconds delay = faults.delay_at_least +
                            nanoseconds(static_cast<std::int64_t>(random_.uniform() * (range + 1)));
  return std::max(delay, nanoseconds{1});  // time passes, or an echo would never end
}

void InMemoryHub::carry(const PeerId& agent, Frame frame) {
  const Faults& faults = faults_for(frame.sender, agent);
  // Everything is drawn for every frame, so that one fault does not shift the others.
  const bool lost = random_.uniform() < faults.loss;
  const bool twice = random_.uniform() < faults.duplication;
  const Instant first = now_ + draw_delay(faults);
  const Instant second = now_ + draw_delay(faults);
  if (lost) {
    ++lost_;
    return;
  }
  if (faults.held) {
    held_.emplace_back(agent, std::move(frame));
    return;
  }
  if (twice) under_way_.emplace(std::pair(second, sent_++), frame);
  under_way_.emplace(std::pair(first, sent_++), std::move(frame));
}

void InMemoryHub::deliver(Frame&& frame) {
  const auto to = connections_.find(frame.connection);
  if (to == connections_.end() || !coordinator_) {
    ++lost_;
    return;
  }
  ++delivered_;
  if (frame.sender == Sender::agent)
    coordinator_->deliver(std::move(frame.connection), std::move(frame.bytes));
  else
    std::shared_ptr<Side>(to->second)->deliver({}, std::move(frame.bytes));
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
