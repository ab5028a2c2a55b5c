#include "kernels/hip/emulation/fiber.hpp"

#include <cstdint>
#include <new>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace squall::kernels::hip::emulation {
namespace {

namespace context = boost::context::detail;

#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t stack_bytes = 256 * 1024;
#else
constexpr std::size_t stack_bytes = 64 * 1024;
#endif
constexpr std::size_t guard_bytes = 4096;  // below each stack, so that an overflow is a fault

struct Jump {
  FiberPool* pool;
  Fiber* from;
};

/// Stacks that all begin at the same place of a page would share a few sets of the cache.
std::size_t stagger(std::size_t number) { return number % 61 * 64; }

}  // namespace

FiberPool::~FiberPool() {
  for (Fiber& fiber : fibers_) munmap(fiber.stack - guard_bytes, guard_bytes + stack_bytes);
}

void FiberPool::add() {
  void* const memory = mmap(nullptr, guard_bytes + stack_bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  mprotect(memory, guard_bytes, PROT_NONE);
  Fiber& fiber = fibers_.emplace_back();
  fiber.stack = static_cast<std::byte*>(memory) + guard_bytes;
  fiber.bytes = stack_bytes - stagger(fibers_.size());
  fiber.context = context::make_fcontext(fiber.stack + fiber.bytes, fiber.bytes, start);
  free_.push_back(&fiber);
}

Fiber& FiberPool::take() {
  if (free_.empty()) add();
  Fiber& fiber = *free_.back();
  free_.pop_back();
  return fiber;
}

void FiberPool::enter(void (*body)()) {
  body_ = body;
  current_ = &outside_;
}

void FiberPool::jump(Fiber& from, Fiber& to) {
  Jump jump{this, &from};
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&from.sanitizer, to.stack, to.bytes);
#endif
  current_ = &to;
  const context::transfer_t back = context::jump_fcontext(to.context, &jump);
  // Here again, by somebody else's jump.
  arrive(back, from.sanitizer);
}

void FiberPool::start(context::transfer_t from) {
  const Jump jump = *static_cast<const Jump*>(from.data);
  jump.pool->arrive(from, nullptr);
  jump.pool->body_();
}

void FiberPool::arrive(context::transfer_t from, [[maybe_unused]] void* sanitizer) {
  Fiber& jumper = *static_cast<const Jump*>(from.data)->from;
#if defined(__SANITIZE_ADDRESS__)
  const void* bottom = nullptr;
  std::size_t bytes = 0;
  __sanitizer_finish_switch_fiber(sanitizer, &bottom, &bytes);
  if (&jumper == &outside_) {
    outside_.stack = const_cast<std::byte*>(static_cast<const std::byte*>(bottom));
    outside_.bytes = bytes;
  }
#endif
  jumper.context = from.fctx;
}

void FiberPool::abandon_all() {
  free_.clear();
  for (Fiber& fiber : fibers_) {
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(fiber.stack, stack_bytes);
    fiber.sanitizer = nullptr;
#endif
    fiber.context = context::make_fcontext(fiber.stack + fiber.bytes, fiber.bytes, start);
    free_.push_back(&fiber);
  }
  current_ = &outside_;
}

}  // namespace squall::kernels::hip::emulation
