#pragma once
// Who may use which connection, when there may be only so many: the newest idle one first, then a
// new one, then wait in turn. Decides only; opens and closes nothing. One thread.

#include <algorithm>
#include <cassert>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace squall::agents {

template <class Connection, class Asker>
class ConnectionPool {
 public:
  /// `most` connections at a time, idle ones among them; 0: any number.
  explicit ConnectionPool(std::size_t most) : most_(most) {}

  struct Grant {
    std::shared_ptr<Connection> connection;  // none: open one
  };
  struct NextTurn {
    Asker asker;
    Grant grant;
  };

  /// None: whoever asks has to wait until give_back() names it. Idle connections that are not
  /// `alive` any more are forgotten.
  template <class Alive>
  std::optional<Grant> ask(Asker asker, Alive alive) {
    assert(waiting_.empty() || in_use_ == most_);
    if (most_ > 0 && in_use_ == most_) {
      waiting_.push_back(asker);
      return std::nullopt;
    }
    ++in_use_;
    while (!idle_.empty()) {
      Grant grant{std::move(idle_.back())};
      idle_.pop_back();
      if (alive(*grant.connection)) return grant;
    }
    return Grant{};
  }

  /// Whoever waits no longer waits. False: it did not.
  bool leave(Asker asker) { return std::erase(waiting_, asker) > 0; }
  /// The same for all who wait.
  void forget_waiting() { waiting_.clear(); }

  /// The end of every grant, with the connection if it can be used again. Names whose turn it is.
  std::optional<NextTurn> give_back(std::shared_ptr<Connection> reusable) {
    assert(in_use_ > 0);
    if (waiting_.empty()) {
      --in_use_;
      if (reusable) idle_.push_back(std::move(reusable));
      return std::nullopt;
    }
    NextTurn next{std::move(waiting_.front()), {std::move(reusable)}};
    waiting_.pop_front();
    return next;
  }

  void forget_idle() { idle_.clear(); }
  std::size_t idle() const { return idle_.size(); }
  std::size_t in_use() const { return in_use_; }
  std::size_t waiting() const { return waiting_.size(); }

 private:
  std::size_t most_;
  std::size_t in_use_ = 0;
  std::vector<std::shared_ptr<Connection>> idle_;  // newest last
  std::deque<Asker> waiting_;
};

}  // namespace squall::agents
