#pragma once
// Which part of the whole load one agent makes. A local run of one agent is all of it.

#include <cassert>
#include <cstdint>
#include <limits>

namespace squall::scenarios {

/// Items (users, arrivals) are dealt in rounds of `count`; an agent of weight `width` takes so many
/// of each round, from the one at `index` on. Shares that fill a round are the whole load.
struct AgentShare {
  std::uint32_t index = 0;
  std::uint32_t count = 1;
  std::uint32_t width = 1;  // index + width <= count

  bool owns(std::uint64_t item) const {
    const std::uint64_t place = item % count;
    return place >= index && place - index < width;
  }
  /// How many of this share's items come before `item`, which it owns: its number here.
  std::uint64_t number_of(std::uint64_t item) const {
    return item / count * width + (item % count - index);
  }
  /// The item with that number; undoes number_of.
  std::uint64_t item_at(std::uint64_t number) const {
    return number / width * count + index + number % width;
  }
  /// The `part`-th of `parts` pieces of this share, dealt round by round; together they are this
  /// share. A lost agent's work is dealt so.
  AgentShare piece(std::uint32_t part, std::uint32_t parts) const {
    assert(part < parts && parts <= most_pieces());
    return {index + part * count, count * parts, width};
  }
  /// More pieces would make rounds that can no longer be counted: deal to fewer agents then.
  std::uint32_t most_pieces() const { return std::numeric_limits<std::uint32_t>::max() / count; }

  friend bool operator==(const AgentShare&, const AgentShare&) = default;
};

}  // namespace squall::scenarios
