#include "coordinator/run/agents/share_moves.hpp"

#include <algorithm>
#include <limits>

namespace squall::coordinator {

using actors::ShareMoved;
using actors::TakeOver;
using scenarios::AgentShare;

namespace {

// Each taker walks through the whole plan to find its pieces, so a share is spread over some, not
// over thousands.
constexpr std::uint32_t pieces_limit = 64;

/// In how many pieces a share goes to so many takers; the pieces' rounds must stay countable.
std::uint32_t pieces_of(const AgentShare& share, std::size_t takers) {
  const std::uint32_t countable = std::numeric_limits<std::uint32_t>::max() / 2 / share.count;
  const auto wanted = static_cast<std::uint32_t>(std::min<std::size_t>(takers, pieces_limit));
  return std::max(std::uint32_t{1}, std::min(wanted, countable));
}

bool is_piece_of(const AgentShare& piece, const AgentShare& whole) {
  return piece.width == whole.width && piece.count % whole.count == 0 &&
         piece.index % whole.count == whole.index &&
         piece.index / whole.count < piece.count / whole.count;
}

}  // namespace

void ShareMoves::deal(std::uint32_t agent, AgentShare share) { held_[agent] = {share}; }

void ShareMoves::lost(std::uint32_t agent, Instant movable_at) {
  unconfirmed_.erase(agent);
  waiting_.emplace(agent, movable_at);
}

bool ShareMoves::due(Instant now) const {
  return std::ranges::any_of(waiting_, [&](const auto& each) { return each.second <= now; });
}

std::vector<ShareMoved> ShareMoves::orders(Instant now, const std::vector<std::uint32_t>& takers,
                                           nanoseconds from, nanoseconds ramp) const {
  std::vector<ShareMoved> orders;
  if (takers.empty()) return orders;
  std::uint32_t number = orders_;
  for (const auto& [agent, movable_at] : waiting_) {
    if (movable_at > now) continue;
    for (const AgentShare& share : held_.at(agent)) {
      const std::uint32_t pieces = pieces_of(share, takers.size());
      for (std::uint32_t piece = 0; piece < pieces; ++piece) {
        const std::uint32_t taker = takers[number % takers.size()];
        ++number;
        orders.push_back({agent, taker, {number, share.piece(piece, pieces), from, ramp}});
      }
    }
  }
  return orders;
}

void ShareMoves::moved(const ShareMoved& decision) {
  const AgentShare& piece = decision.order.share;
  Shares& before = held_[decision.agent];
  const auto whole = std::ranges::find_if(
      before, [&](const AgentShare& share) { return is_piece_of(piece, share); });
  if (whole != before.end()) {
    const AgentShare share = *whole;
    before.erase(whole);
    // The other pieces are still to be moved, also by a coordinator that comes back amid this.
    const std::uint32_t pieces = piece.count / share.count;
    for (std::uint32_t part = 0; part < pieces; ++part)
      if (const AgentShare other = share.piece(part, pieces); other != piece)
        before.push_back(other);
  }
  if (before.empty()) waiting_.erase(decision.agent);
  held_[decision.to].push_back(piece);
  unconfirmed_[decision.to].push_back(decision.order);
  orders_ = std::max(orders_, decision.order.number);
}

bool ShareMoves::took_over(std::uint32_t agent, std::uint32_t number) {
  const auto orders = unconfirmed_.find(agent);
  if (orders == unconfirmed_.end()) return false;
  const auto erased =
      std::erase_if(orders->second, [&](const TakeOver& order) { return order.number == number; });
  if (orders->second.empty()) unconfirmed_.erase(orders);
  return erased > 0;
}

std::vector<TakeOver> ShareMoves::unconfirmed(std::uint32_t agent) const {
  const auto orders = unconfirmed_.find(agent);
  return orders == unconfirmed_.end() ? std::vector<TakeOver>{} : orders->second;
}

}  // namespace squall::coordinator
