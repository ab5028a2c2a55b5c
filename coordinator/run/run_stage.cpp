#include "coordinator/run/run_stage.hpp"

#include <cassert>

namespace squall::coordinator {

const char* name_of(RunStage stage) {
  switch (stage) {
    case RunStage::gathering:
      return "gathering agents";
    case RunStage::preparing:
      return "preparing";
    case RunStage::starting:
      return "starting";
    case RunStage::warming_up:
      return "warm-up";
    case RunStage::measuring:
      return "measuring";
    case RunStage::draining:
      return "draining";
    case RunStage::finished:
      return "finished";
  }
  assert(false);
  return "";
}

}  // namespace squall::coordinator
