// The simulated engine beside the one that it simulates: the same requests, the same steps.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <deque>

#include "agents/engine/batch_scheduler.hpp"
#include "agents/engine/cache/kv_cache.hpp"
#include "agents/engine/inference_engine.hpp"
#include "agents/engine/model/model.hpp"
#include "kernels/backend_selection.hpp"
#include "scenarios/load/random.hpp"
#include "tests/coordinator/fleet/fleet_fixture.hpp"
#include "tests/fixtures/tiny_llama.hpp"

using namespace squall;
using namespace squall::coordinator;
using namespace squall::tests;
using scenarios::Random;

namespace {

struct Arrival {
  double at;
  EngineJob job;
};

std::uint32_t between(Random& random, std::uint32_t least, std::uint32_t most) {
  return least + static_cast<std::uint32_t>(random.uniform() * (most - least + 1));
}

std::vector<Arrival> random_arrivals(Random& random, std::size_t count, double mean_gap,
                                     std::uint32_t longest_prompt, std::uint32_t longest_answer) {
  std::vector<Arrival> arrivals;
  double at = 0;
  for (std::size_t i = 0; i < count; ++i) {
    at += random.uniform() < 0.3 ? 0 : mean_gap * random.exponential();
    arrivals.push_back({at,
                        {.id = i,
                         .prompt_tokens = between(random, 1, longest_prompt),
                         .answer_tokens = between(random, 1, longest_answer)}});
  }
  return arrivals;
}

/// Step by step with the engine's own scheduler, each as long as the law says.
class StepByStep {
 public:
  StepByStep(const EngineLaw& law, std::vector<Arrival> arrivals)
      : law_(law),
        arrivals_(arrivals.begin(), arrivals.end()),
        scheduler_({.requests = law.limits.max_batch,
                    .first_requests = law.limits.first_batch,
                    .prompt_tokens = law.limits.prefill_chunk}) {}

  std::map<std::uint64_t, EngineEnd> run() {
    double now = 0;
    while (!arrivals_.empty() || !open_.empty()) {
      if (open_.empty()) now = std::max(now, arrivals_.front().at);
      for (; !arrivals_.empty() && arrivals_.front().at <= now; arrivals_.pop_front()) {
        const EngineJob& job = arrivals_.front().job;
        open_[job.id] = {job, {job.id, EngineEnd::How::completed, never, never, 0}, 0};
        scheduler_.add(job.id, job.prompt_tokens);
      }
      admit(now);
      now = step(now);
    }
    return std::move(ended_);
  }

 private:
  struct Open {
    EngineJob job;
    EngineEnd end;
    std::uint32_t produced = 0;
  };

  std::uint64_t pages_of(const EngineJob& job) const {
    return (job.prompt_tokens + job.answer_tokens - 1 + 31) / 32;
  }

  void admit(double now) {
    while (const std::uint64_t* next = scheduler_.next()) {
      Open& open = open_.at(*next);
      if (law_.limits.pages > 0 && pages_ + pages_of(open.job) > law_.limits.pages)
        return scheduler_.hold_back();
      pages_ += pages_of(open.job);
      open.end.admitted = now;
      scheduler_.admit(0);
    }
  }

  double step(double now) {
    StepWork work;
    const auto planned = scheduler_.plan_step();
    const std::vector<agents::BatchScheduler::Part> parts(planned.begin(), planned.end());
    for (const auto& part : parts) {
      const Open& open = open_.at(part.id);
      if (part.prompt_count == 0) {
        ++work.decoding;
        work.decode_positions += open.job.prompt_tokens + open.produced;
      }
      work.prompt_tokens += static_cast<std::uint32_t>(part.prompt_count);
      work.prompts_done += part.prompt_count > 0 && part.yields_token ? 1 : 0;
      for (std::size_t i = 0; i < part.prompt_count; ++i)
        work.prompt_positions += static_cast<double>(part.prompt_begin + i + 1);
    }
    now += law_.seconds(work);
    for (const auto& part : parts)
      if (part.yields_token) take_token(part.id, now);
    scheduler_.on_step_done();
    return now;
  }

  void take_token(std::uint64_t id, double now) {
    Open& open = open_.at(id);
    if (open.produced++ == 0) open.end.first_token = now;
    if (open.produced < open.job.answer_tokens) return;
    open.end.at = now;
    pages_ -= pages_of(open.job);
    ended_.emplace(id, open.end);
    scheduler_.remove(id);
    open_.erase(id);
  }

  EngineLaw law_;
  std::deque<Arrival> arrivals_;
  agents::BatchScheduler scheduler_;
  std::map<std::uint64_t, Open> open_;
  std::map<std::uint64_t, EngineEnd> ended_;
  std::uint64_t pages_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_CASE(stretches_give_the_times_of_single_steps_by_the_engines_own_scheduler) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    EngineLaw law = rich_law();
    law.limits.max_batch = between(random, 1, 24);
    law.limits.first_batch = between(random, 1, law.limits.max_batch);
    law.limits.prefill_chunk = between(random, 1, 64);
    law.limits.pages = seed % 3 == 0 ? between(random, 5, 30) : 0;
    const auto arrivals = random_arrivals(random, 60, 0.002 * between(random, 1, 30), 90, 30);
    LoneEngine lone(law);
    for (const Arrival& each : arrivals) lone.at(each.at, each.job);
    const auto simulated = lone.run();
    const auto single = StepByStep(law, arrivals).run();
    BOOST_TEST_INFO("seed " << seed);
    BOOST_REQUIRE(simulated.size() == arrivals.size());
    BOOST_REQUIRE(single.size() == arrivals.size());
    for (const auto& [id, end] : single) {
      BOOST_TEST_INFO("seed " << seed << ", request " << id);
      BOOST_REQUIRE_SMALL(simulated.at(id).admitted - end.admitted, 1e-9);
      BOOST_REQUIRE_SMALL(simulated.at(id).first_token - end.first_token, 1e-9);
      BOOST_REQUIRE_SMALL(simulated.at(id).at - end.at, 1e-9);
    }
  }
}

namespace {

/// A real engine on a tiny model, whose cache has room for a few requests only.
agents::InferenceEngine real_engine(const EngineLimits& limits) {
  static const std::vector<std::byte> bytes = fixtures::tiny_llama().bytes();
  const std::shared_ptr<const agents::Model> model = fixtures::load_from_memory(bytes);
  auto backend = kernels::make_cpu_backend(1);
  const std::size_t page = agents::KvCache::page_bytes(*backend, model->shape,
                                                       kernels::KvFormat::f16, model->shape.layers);
  return agents::InferenceEngine(model, std::move(backend),
                                 {.max_batch = limits.max_batch,
                                  .first_batch = limits.first_batch,
                                  .prefill_chunk = limits.prefill_chunk,
                                  .kv_bytes = page * limits.pages,
                                  .reuse_prefixes = false});
}

agents::GenerationRequest as_request(const EngineJob& job) {
  agents::GenerationRequest request;
  request.id = job.id;
  request.max_tokens = job.answer_tokens;
  request.stop_at_end_token = false;
  for (std::uint32_t i = 0; i < job.prompt_tokens; ++i)
    request.prompt.push_back(static_cast<agents::TokenId>(3 + (job.id * 31 + i * 7) % 250));
  return request;
}

}  // namespace

// Each step takes a second by the law, so that the n-th step of one is the n-th of the other.
BOOST_AUTO_TEST_CASE(the_engine_itself_computes_what_the_simulated_one_says) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    Random random(seed);
    EngineLaw law = constant_law(1);
    law.limits = {.max_batch = between(random, 2, 8),
                  .first_batch = 2,
                  .prefill_chunk = between(random, 8, 40),
                  .pages = between(random, 4, 10),
                  .reuse_prefixes = false};
    auto arrivals = random_arrivals(random, 20, 3, 40, 20);  // the context is 64
    for (Arrival& each : arrivals) each.at = std::floor(each.at);
    agents::InferenceEngine real = real_engine(law.limits);
    SimulatedEngine simulated(law);
    std::vector<EngineEnd> ended;
    std::size_t next = 0, steps = 0, tokens_ended = 0;
    for (double now = 0; next < arrivals.size() || !real.idle(); ++now) {
      BOOST_REQUIRE(++steps < 3000U);
      while (simulated.next() < now) simulated.advance(ended);
      for (; next < arrivals.size() && arrivals[next].at <= now; ++next) {
        real.submit(as_request(arrivals[next].job));
        simulated.submit(arrivals[next].job, now, ended);
      }
      if (real.idle()) continue;
      // Brought to where the step begins: what ended before is told, the step is planned.
      while (simulated.next() <= now) simulated.advance(ended);
      BOOST_TEST_INFO("seed " << seed << ", step " << now);
      BOOST_REQUIRE(ended.size() == tokens_ended);
      const agents::StepEvents events = real.step();
      for (const auto& token : events.tokens) tokens_ended += token.last ? 1 : 0;
      const EngineStretch* stretch = simulated.under_way();
      BOOST_REQUIRE(stretch != nullptr);
      const double past = now - stretch->begin;  // whole steps of this stretch
      BOOST_TEST(stretch->work.decoding == events.work.decoding);
      BOOST_TEST(stretch->work.prompt_tokens == events.work.prompt_tokens);
      BOOST_TEST(stretch->work.prompts_done == events.work.prompts_done);
      BOOST_TEST(stretch->work.decode_positions + past * stretch->work.decoding ==
                 static_cast<double>(events.work.decode_positions));
      BOOST_TEST(stretch->work.prompt_positions ==
                 static_cast<double>(events.work.prompt_positions));
    }
  }
}
