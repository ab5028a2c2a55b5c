#pragma once
// Stacks with a place to go on at, between which one thread jumps; kept for reuse. Under the
// address sanitizer it is told of each jump.

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <deque>
#include <vector>

namespace squall::kernels::hip::emulation {

struct Fiber {
  boost::context::detail::fcontext_t context = nullptr;
  std::byte* stack = nullptr;  // its lowest byte; of the one outside: as the sanitizer says
  std::size_t bytes = 0;
  void* sanitizer = nullptr;  // what it keeps for a stack that is left for a while
};

/// Fibers of one thread: enter() is called by whoever is outside.
class FiberPool {
 public:
  FiberPool() = default;
  ~FiberPool();
  FiberPool(const FiberPool&) = delete;
  FiberPool& operator=(const FiberPool&) = delete;

  /// Marks the caller as the one outside; fibers taken from now on run `body`, which never returns.
  void enter(void (*body)());
  Fiber& outside() { return outside_; }
  Fiber& current() { return *current_; }

  /// One that is at the start of the body, or where it jumped after it was given back.
  Fiber& take();
  void give_back(Fiber& fiber) { free_.push_back(&fiber); }
  void jump(Fiber& from, Fiber& to);

  /// Forgets what all fibers did. Nothing on their stacks is destroyed: kernels have no
  /// destructors.
  void abandon_all();

 private:
  static void start(boost::context::detail::transfer_t from);
  /// What whoever is jumped to does first: notes where the jumper goes on.
  void arrive(boost::context::detail::transfer_t from, void* sanitizer);
  void add();

  void (*body_)() = nullptr;
  Fiber outside_;
  Fiber* current_ = &outside_;
  std::deque<Fiber> fibers_;  // addresses stay
  std::vector<Fiber*> free_;
};

}  // namespace squall::kernels::hip::emulation
