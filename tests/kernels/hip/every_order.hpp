#pragma once
// Runs a test of kernels in each way that threads may run: on an emulated device with waves of 32
// and of 64, forwards and backwards; on a real one as it is.

#include <boost/test/unit_test.hpp>

#include "kernels/hip/gpu_runtime.hpp"

namespace squall::kernels::hip {

#if defined(SQUALL_GPU_EMULATION)
/// Sets the emulation, and back to what it was.
class EmulatedOrder {
 public:
  EmulatedOrder(unsigned wave_size, bool backwards) : before_(emulation::settings()) {
    emulation::settings().wave_size = wave_size;
    emulation::settings().backwards = backwards;
  }
  ~EmulatedOrder() { emulation::settings() = before_; }
  EmulatedOrder(const EmulatedOrder&) = delete;
  EmulatedOrder& operator=(const EmulatedOrder&) = delete;

 private:
  emulation::Settings before_;
};
#endif

template <class Test>
void in_every_order(Test test) {
#if defined(SQUALL_GPU_EMULATION)
  for (const unsigned wave_size : {32U, 64U}) {
    for (const bool backwards : {false, true}) {
      const EmulatedOrder order(wave_size, backwards);
      BOOST_TEST_CONTEXT("waves of " << wave_size << (backwards ? ", backwards" : "")) { test(); }
    }
  }
#else
  test();
#endif
}

}  // namespace squall::kernels::hip
