#pragma once
// One machine of a simulated fleet: what waits, what is in the batch, and the step under way, on
// virtual time in seconds.
//
// It goes by the rules of Squall's own engine (agents/engine/batch_scheduler): first come, first
// served; a token a step for each whose prompt is done, prompts in pieces beside them; a limit
// that doubles while requests wait and halves when memory runs out. A test holds both together.
// Steps between which nothing changes are one stretch, so that a simulation costs as much as its
// requests, not as its tokens. One owner.

#include <cstdint>
#include <deque>
#include <limits>
#include <unordered_map>
#include <vector>

#include "coordinator/fleet/engine_law.hpp"

namespace squall::coordinator {

inline constexpr double never = std::numeric_limits<double>::infinity();

/// A request as a machine sees it.
struct EngineJob {
  std::uint64_t id = 0;
  std::uint32_t prompt_tokens = 1;  // at least one
  std::uint32_t answer_tokens = 1;  // at least one
  double deadline = never;          // given up at the first step that begins then or later
  /// What it shares with others: a prefix of so many tokens, and the conversation that it goes on
  /// with or that goes on after it. 0: none.
  std::uint64_t prefix = 0, conversation = 0;
  std::uint32_t prefix_tokens = 0;
  bool last_turn = true;
};

struct EngineEnd {
  enum class How { completed, timed_out, refused };
  std::uint64_t id = 0;
  How how = How::completed;
  double admitted = never, first_token = never;  // never: it was not
  double at = 0;
};

/// Steps that are alike but for what they look back at: step i (from 0) takes first + i * growth.
struct EngineStretch {
  double begin = 0, end = 0;
  double first = 0, growth = 0;
  std::uint64_t steps = 0;
  StepWork work;               // of the first step
  std::uint32_t in_batch = 0;  // requests, those included that get nothing in this step

  double length_of(std::uint64_t count) const;  // of so many steps, in seconds
  /// The fewest steps, from 1 to `steps`, after which it is `at` or later.
  std::uint64_t steps_until(double at) const;
  /// Tokens whose step ends before `at`.
  std::uint64_t tokens_before(double at) const;
};

class SimulatedEngine {
 public:
  /// `law` outlives the engine.
  explicit SimulatedEngine(const EngineLaw& law);

  /// It takes part from the next step on. True: `next` may be earlier than it was. A request that
  /// the machine could never hold ends at once, as refused.
  bool submit(const EngineJob& job, double now, std::vector<EngineEnd>& ended);

  /// When it has to be asked again: the end of the stretch, or now where one is to begin; `never`:
  /// there is nothing to do.
  double next() const { return next_; }
  /// It is next(): what ended is added, in the order of admission; the next stretch begins. The
  /// stretch that ended, or null when there was none. Valid until the next call.
  const EngineStretch* advance(std::vector<EngineEnd>& ended);

  /// The step that is under way now; none: null.
  const EngineStretch* under_way() const { return busy_ ? &stretch_ : nullptr; }

  std::size_t open() const { return mail_.size() + waiting_.size() + running_.size(); }
  std::size_t waiting() const { return mail_.size() + waiting_.size(); }
  std::size_t running() const { return running_.size(); }
  std::size_t limit() const { return limit_; }
  /// Each request that is open, with the time of its admission or `never`.
  template <class Visit>
  void visit_open(Visit visit) const {
    for (const Request& each : running_) visit(each.job.id, each.admitted);
    for (const Request& each : waiting_) visit(each.job.id, never);
    for (const EngineJob& each : mail_) visit(each.id, never);
  }
  std::uint64_t pages_in_use() const { return pages_in_use_; }

 private:
  struct Request {
    EngineJob job;
    double admitted = never, first_token = never;
    std::uint64_t pages = 0;
    std::uint32_t prompt_done = 0;
    std::uint32_t share = 0;  // of the current step's prompt tokens
    std::uint32_t produced = 0;

    std::uint32_t prompt_left() const { return job.prompt_tokens - prompt_done; }
  };

  void finish(std::vector<EngineEnd>& ended);
  void begin(double now, std::vector<EngineEnd>& ended);
  void give_up_overdue(double now, std::vector<EngineEnd>& ended);
  void admit(double now);
  void share_out_prompt_tokens();
  StepWork plan_step();
  std::uint64_t steps_alike() const;
  void shorten(double at);
  void leave(const Request& request);
  std::uint32_t reused_tokens(const EngineJob& job) const;
  void remember(const Request& request);

  const EngineLaw& law_;
  std::size_t limit_;
  bool memory_is_short_ = false;
  std::vector<EngineJob> mail_;  // came during the step
  std::deque<Request> waiting_;
  std::vector<Request> running_;  // in the order of admission
  std::uint64_t pages_in_use_ = 0;
  double earliest_deadline_ = never;                        // of all that are open, or earlier
  std::unordered_map<std::uint64_t, std::uint32_t> known_;  // tokens of prefixes and conversations
  EngineStretch stretch_, ended_stretch_;
  bool busy_ = false;
  double next_ = never;
};

}  // namespace squall::coordinator
