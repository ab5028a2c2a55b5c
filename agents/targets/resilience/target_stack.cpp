#include "agents/targets/resilience/target_stack.hpp"

#include "agents/targets/resilience/breaker_target.hpp"
#include "agents/targets/resilience/caching_target.hpp"
#include "agents/targets/resilience/retrying_target.hpp"

namespace squall::agents {

std::unique_ptr<Target> make_target_stack(const scenarios::TargetSettings& settings,
                                          TargetEvents events, MakeTarget make_target) {
  const bool breaker = settings.breaker.failures > 0;
  const bool retries = settings.retries.attempts > 1;
  const bool cache = settings.cache.time_to_live > nanoseconds{0};
  if (!breaker && !retries && !cache) return make_target(std::move(events));
  const auto calls = std::make_shared<DelayedCalls>();
  if (breaker)
    make_target = [&settings, calls, inner = std::move(make_target)](TargetEvents outward) {
      return std::make_unique<BreakerTarget>(settings.breaker, std::move(outward), calls, inner);
    };
  if (retries)
    make_target = [&settings, calls, inner = std::move(make_target)](TargetEvents outward) {
      return std::make_unique<RetryingTarget>(settings.retries, std::move(outward), calls, inner);
    };
  if (cache)
    make_target = [&settings, calls, inner = std::move(make_target)](TargetEvents outward) {
      return std::make_unique<CachingTarget>(settings.cache, settings.temperature,
                                             std::move(outward), calls, inner);
    };
  return make_target(std::move(events));
}

}  // namespace squall::agents
