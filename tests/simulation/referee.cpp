#include "tests/simulation/referee.hpp"

#include <algorithm>

#include "actors/journal/run_entries.hpp"
#include "coordinator/report/run_report.hpp"
#include "scenarios/load/load_plan.hpp"
#include "scenarios/schema/scenario_parser.hpp"

namespace squall::tests {

using namespace std::chrono_literals;
using namespace actors;

namespace {

constexpr std::uint64_t most_unacknowledged = 32;
// What two clocks with 200 ppm each may come apart in a lease, and the whole nanoseconds of both.
constexpr nanoseconds drift_of_a_lease = 10ms;
// Beside the bound that an agent knows itself: what its clock may drift until the run ends.
constexpr nanoseconds drift_of_a_run = 50ms;

std::string words(nanoseconds duration) {
  return std::to_string(std::chrono::duration<double>(duration).count()) + " s";
}

Ledger of_both_phases(const MetricsSnapshot& snapshot) {
  Ledger sum = snapshot[Phase::warm_up].ledger;
  return sum += snapshot[Phase::measure].ledger;
}

}  // namespace

Referee::Referee(const World& world, const EventQueue& queue)
    : world_(&world),
      queue_(&queue),
      scenario_(std::make_shared<const scenarios::Scenario>(
          scenarios::parse_scenario(world.scenario_text, "simulated.toml"))),
      plan_(scenarios::make_load_plan(*scenario_, {})) {
  const auto all = scenarios::arrivals_of(*scenario_, plan_);
  while (const auto arrival = all->next()) arrivals_.push_back(arrival->at);
}

void Referee::broken(const std::string& invariant, const std::string& what) const {
  throw InvariantBroken(queue_->now(), invariant, what);
}

Referee::Part& Referee::part(std::uint64_t epoch) {
  const auto found = parts_.find(epoch);
  check(found != parts_.end(), "journal", [&] {
    return "something was said or kept of epoch " + std::to_string(epoch) +
           ", which no process ever had";
  });
  return found->second;
}

Referee::Part* Referee::part_of_number(std::uint32_t number) {
  const auto known = epochs_.find(number);
  return known == epochs_.end() ? nullptr : &part(known->second);
}

// ---- agents

void Referee::agent_begins(std::uint64_t epoch, const std::string& name,
                           const MachineClock& clock) {
  Part& part = parts_[epoch];  // known already where a journal is handed over
  part.name = name;
  part.clock = clock;
  part.acknowledged = 0;
}

void Referee::load_begins(std::uint64_t epoch, Instant start, nanoseconds clock_error) {
  Part& it = part(epoch);
  check(!it.begun, "offered", [&] { return it.name + " began its load twice"; });
  check(start_kept_.has_value(), "journal",
        [&] { return it.name + " began a load that no journal knows of"; });
  it.begun = true;
  it.start = start;
  it.clock_error = clock_error;
  const nanoseconds error = it.clock.when(start) - world_->coordinator_clock.when(*start_kept_);
  check(std::chrono::abs(error) <= clock_error + drift_of_a_run, "offered", [&] {
    return it.name + " takes the common start to be " + words(error) +
           " later than it is, and its clock to be wrong by " + words(clock_error) + " at most";
  });
}

void Referee::beat_answered(std::uint64_t epoch, std::int64_t beat_sent) {
  Part& it = part(epoch);
  it.lease_end =
      std::max(it.lease_end, Instant(nanoseconds(beat_sent)) + world_->agents_times.lease);
  if (!it.moved_at) return;
  const nanoseconds end = it.clock.when(it.lease_end);
  check(end <= *it.moved_at + drift_of_a_lease, "lease", [&] {
    return it.name + "'s lease lasts until " + words(end) + ", and others do its work from " +
           words(*it.moved_at) + " on";
  });
}

void Referee::request_submitted(std::uint64_t epoch, const LoadRequest& request) {
  Part& it = part(epoch);
  ++starts_;
  ++it.starts;
  const Instant now = it.clock.at(queue_->now());
  check(now <= it.lease_end, "lease", [&] {
    return it.name + " started a request " + words(now - it.lease_end) +
           " after its lease had ended";
  });
  check(request.scheduled <= now, "offered", [&] {
    return it.name + " started a request " + words(request.scheduled - now) + " early";
  });
  check_place(it, request);
  check_owner(epoch, it, request);
}

void Referee::check_place(const Part& it, const LoadRequest& request) const {
  const std::uint64_t who = request.plan.place.who;
  const nanoseconds at = request.scheduled - it.start;
  if (!arrivals_.empty()) {
    check(who < arrivals_.size() && arrivals_[who] == at, "offered", [&] {
      return it.name + " started arrival " + std::to_string(who) + " at " + words(at) +
             ", where the plan has none";
    });
    return;
  }
  const bool at_work =
      std::any_of(plan_.users.begin(), plan_.users.end(), [&](const scenarios::PlannedUser& user) {
        return user.user == who && at >= user.start && at < user.end;
      });
  check(at_work, "offered", [&] {
    return it.name + " let user " + std::to_string(who) + " ask at " + words(at) +
           ", when the plan has it not at work";
  });
}

void Referee::check_owner(std::uint64_t epoch, const Part& it, const LoadRequest& request) {
  const auto& place = request.plan.place;
  const bool open = !arrivals_.empty();
  const auto [known, first] = owners_.try_emplace(place.who, epoch);
  if (first && open) return;
  check(!open || first, "offered", [&] {
    return "arrival " + std::to_string(place.who) + " was started by " +
           part(known->second).name + " and again by " + it.name;
  });
  check(asked_.insert({place.who, place.session, place.turn}).second, "offered", [&] {
    return "user " + std::to_string(place.who) + " asked its request " +
           std::to_string(place.session) + "." + std::to_string(place.turn) + " twice";
  });
  if (known->second != epoch) {
    const Part& before = part(known->second);
    const nanoseconds end = before.clock.when(before.lease_end);
    check(end <= queue_->now() + drift_of_a_lease, "lease", [&] {
      return it.name + " lets user " + std::to_string(place.who) + " ask, while " + before.name +
             " has it under a lease until " + words(end);
    });
  }
  known->second = epoch;
}

void Referee::batch_taken(std::uint64_t epoch, const MetricsBatch& batch) {
  Part& it = part(epoch);
  check(batch.sequence == it.ledgers.size() + 1, "ledger", [&] {
    return it.name + " took batch " + std::to_string(batch.sequence) + " after " +
           std::to_string(it.ledgers.size());
  });
  Ledger sum = it.ledgers.empty() ? Ledger{} : it.ledgers.back();
  sum += of_both_phases(batch.snapshot);
  check(sum.scheduled == sum.issued + sum.dropped_late + sum.cancelled_before_send &&
            sum.issued == sum.ended() + batch.snapshot.in_flight,
        "ledger", [&] {
          return it.name + "'s counts do not add up in batch " + std::to_string(batch.sequence);
        });
  check(sum.issued <= it.starts, "ledger", [&] {
    return it.name + " counts " + std::to_string(sum.issued) + " starts, its target saw " +
           std::to_string(it.starts);
  });
  it.ledgers.push_back(sum);
}

void Referee::batch_unwritten(std::uint64_t epoch, const MetricsBatch& batch) {
  part(epoch).unwritten = true;
  if (batch.sequence == part(epoch).ledgers.size() + 1) batch_taken(epoch, batch);
}

void Referee::batch_sent(std::uint64_t epoch, std::uint64_t sequence) {
  Part& it = part(epoch);
  check(sequence <= it.ledgers.size(), "journal", [&] {
    return it.name + " sent batch " + std::to_string(sequence) +
           " before it was in its own journal";
  });
  check(sequence <= it.acknowledged + most_unacknowledged, "bounded", [&] {
    return it.name + " sent batch " + std::to_string(sequence) + " when only " +
           std::to_string(it.acknowledged) + " were acknowledged";
  });
}

void Referee::acknowledgement_heard(std::uint64_t epoch, std::uint64_t sequence) {
  Part& it = part(epoch);
  it.acknowledged = std::max(it.acknowledged, sequence);
}

void Referee::sealed(std::uint64_t epoch, const Sealed& seal) {
  Part& it = part(epoch);
  // Whoever hands over a journal with a hole in it knows no more than the journal.
  if (it.unwritten && seal.batches < it.ledgers.size()) {
    it.seal = seal;
    return;
  }
  Ledger total = seal.totals[0];
  total += seal.totals[1];
  check(seal.batches == it.ledgers.size(), "ledger",
        [&] { return it.name + " sealed another number of batches than it took"; });
  check(total == (it.ledgers.empty() ? Ledger{} : it.ledgers.back()), "ledger",
        [&] { return it.name + "'s seal is not the sum of its batches"; });
  if (seal.stopped_because.empty()) {
    check(imbalances(total).empty(), "ledger",
          [&] { return it.name + "'s seal does not balance: " + imbalances(total).front(); });
    check(total.issued == it.starts, "ledger", [&] {
      return it.name + " sealed " + std::to_string(total.issued) + " starts, its target saw " +
             std::to_string(it.starts);
    });
  }
  it.seal = seal;
}

void Referee::agent_left(std::uint64_t epoch, int exit_code) {
  Part& it = part(epoch);
  it.exit_code = exit_code;
  check(exit_code != 0 || it.starts == 0 || it.kept_seal, "journal", [&] {
    return it.name + " left content, but its seal is not in the coordinator's journal";
  });
}

// ---- the coordinator

void Referee::kept(const RunEntry& entry) {
  if (const auto* joined = std::get_if<AgentJoined>(&entry)) {
    // Before the start an agent may be replaced by another process.
    Part& it = part(joined->epoch);
    if (Part* before = part_of_number(joined->agent)) {
      it.kept_share = before->kept_share;
      before->number.reset();
    }
    it.number = joined->agent;
    epochs_[joined->agent] = joined->epoch;
  } else if (const auto* dealt = std::get_if<ShareDealt>(&entry)) {
    if (Part* it = part_of_number(dealt->agent)) it->kept_share = true;
  } else if (const auto* start = std::get_if<StartDecided>(&entry)) {
    start_kept_ = Instant(nanoseconds(start->instant));
  } else if (const auto* kept = std::get_if<BatchKept>(&entry)) {
    Part* it = part_of_number(kept->agent);
    check(it != nullptr && kept->batch.sequence == it->kept_batches + 1, "journal", [&] {
      return "batch " + std::to_string(kept->batch.sequence) + " of agent " +
             std::to_string(kept->agent) + " was kept out of sequence";
    });
    it->kept_ledger += of_both_phases(kept->batch.snapshot);
    ++it->kept_batches;
    check(it->kept_batches <= it->ledgers.size() &&
              it->kept_ledger == it->ledgers[it->kept_batches - 1],
          "ledger", [&] { return "what was kept of " + it->name + " is not what it measured"; });
  } else if (const auto* seal = std::get_if<SealKept>(&entry)) {
    Part* it = part_of_number(seal->agent);
    check(it != nullptr && it->seal.has_value(), "journal",
          [&] { return "a seal was kept that no agent gave"; });
    it->kept_seal = true;
  } else if (const auto* moved = std::get_if<ShareMoved>(&entry)) {
    Part* from = part_of_number(moved->agent);
    Part* to = part_of_number(moved->to);
    check(from != nullptr && to != nullptr && start_kept_.has_value(), "lease",
          [&] { return "work of a stranger was moved"; });
    const nanoseconds at = world_->coordinator_clock.when(*start_kept_ + moved->order.from);
    const nanoseconds end = from->clock.when(from->lease_end);
    check(end <= at + drift_of_a_lease, "lease", [&] {
      return from->name + "'s work is given away from " + words(at) +
             " on, but its lease lasts until " + words(end);
    });
    from->moved_at = std::min(at, from->moved_at.value_or(at));
    to->kept_orders.push_back(moved->order.number);
  }
}

void Referee::coordinator_says(std::uint64_t epoch, const CoordinatorMessage& message) {
  const auto found = parts_.find(epoch);
  if (found == parts_.end()) return;  // a stranger is turned away
  const Part& it = found->second;
  const auto acknowledged = [&](std::uint64_t sequence) {
    check(sequence <= it.kept_batches, "journal", [&] {
      return "batch " + std::to_string(sequence) + " of " + it.name +
             " was acknowledged, but only " + std::to_string(it.kept_batches) +
             " would survive a crash";
    });
  };
  if (const auto* batch = std::get_if<BatchAcknowledged>(&message)) acknowledged(batch->sequence);
  if (const auto* lease = std::get_if<LeaseRenewed>(&message))
    acknowledged(lease->acknowledged_batch);
  if (std::holds_alternative<SealAcknowledged>(message))
    check(it.kept_seal, "journal",
          [&] { return it.name + "'s seal was acknowledged, but would not survive a crash"; });
  if (std::holds_alternative<Prepare>(message))
    check(it.kept_share, "journal",
          [&] { return it.name + " was told its share before it was in the journal"; });
  if (const auto* start = std::get_if<StartAt>(&message))
    check(start_kept_ == Instant(nanoseconds(start->instant)), "journal",
          [&] { return it.name + " was told a start that is not in the journal"; });
  if (const auto* order = std::get_if<TakeOver>(&message))
    check(std::count(it.kept_orders.begin(), it.kept_orders.end(), order->number) > 0, "journal",
          [&] { return it.name + " was told to take over before it was in the journal"; });
}

// ---- the end

bool Referee::unaccounted(const Part& part) {
  return part.begun && (!part.kept_seal || part.kept_ledger.issued != part.starts ||
                        !imbalances(part.kept_ledger).empty());
}

void Referee::check_counts(const coordinator::RunRecord& record, bool unwritten) {
  for (std::uint32_t number = 0; number < record.agents.size(); ++number) {
    const Part* it = part_of_number(number);
    if (it == nullptr) continue;
    Ledger told = record.timeline.of_agent(number, Phase::warm_up).ledger;
    told += record.timeline.of_agent(number, Phase::measure).ledger;
    const std::uint64_t batches = record.agents[number].batches;
    check(unwritten || batches == it->kept_batches, "journal", [&] {
      return "the record has " + std::to_string(batches) + " batches of " + it->name +
             ", the journal " + std::to_string(it->kept_batches);
    });
    check(batches <= it->ledgers.size() &&
              told == (batches == 0 ? Ledger{} : it->ledgers[batches - 1]),
          "ledger", [&] { return "the record's counts are not what " + it->name + " measured"; });
    check(told.issued <= it->starts, "ledger",
          [&] { return "the record has more starts of " + it->name + " than its target saw"; });
  }
}

void Referee::check_verdict(const coordinator::RunRecord& record) {
  const auto report = coordinator::make_run_report(record);
  if (report.verdict.outcome != coordinator::Outcome::pass) return;
  unsigned missing = 0;
  for (const auto& [epoch, each] : parts_) {
    if (!unaccounted(each)) continue;
    ++missing;
    const bool told = each.number && *each.number < record.agents.size() &&
                      record.agents[*each.number].lost.has_value();
    check(told, "verdict",
          [&] { return "PASS, although " + each.name + " is unaccounted for and nobody says so"; });
  }
  check(missing <= scenario_->agents.may_lose, "verdict", [&] {
    return "PASS, although " + std::to_string(missing) + " agents are unaccounted for and only " +
           std::to_string(scenario_->agents.may_lose) + " may be lost";
  });
}

void Referee::run_finished(const coordinator::RunRecord& record, bool unwritten) {
  check_counts(record, unwritten);
  check_verdict(record);
  if (!world_->gentle) return;
  check(!record.broken, "whole", [&] { return "the run was broken: " + *record.broken; });
  for (const auto& [epoch, each] : parts_)
    check(!unaccounted(each), "whole", [&] { return "something of " + each.name + " got lost"; });
}

void Referee::at_the_end() const {
  // Whose greeting got lost for long may have come after the end of a timed gathering.
  for (const auto& [epoch, each] : parts_)
    if (world_->gentle && each.begun)
      check(each.exit_code == 0, "whole",
            [&] { return each.name + " left with exit code " + std::to_string(each.exit_code); });
}

}  // namespace squall::tests
