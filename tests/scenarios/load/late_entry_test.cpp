// scenarios/load/late_entry: what is taken over from a lost agent is what that one would have
// done, and never more.

#include "scenarios/load/late_entry.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "scenarios/load/random.hpp"
#include "tests/scenarios/load/sample_loads.hpp"

using namespace squall::scenarios;
using squall::tests::sample_loads;
using squall::tests::SampleLoad;
using namespace std::chrono_literals;

namespace {

constexpr AgentShare lost{2, 5, 2};
constexpr nanoseconds stop = 12s;

std::vector<AgentShare> pieces(std::uint32_t parts) {
  std::vector<AgentShare> all;
  for (std::uint32_t part = 0; part < parts; ++part) all.push_back(lost.piece(part, parts));
  return all;
}

// By item, and of users by stretch: from when until when.
using Key = std::tuple<std::uint64_t, std::uint32_t>;
using Work = std::map<Key, std::pair<nanoseconds, nanoseconds>>;

Work work_of(const SampleLoad& load, const std::vector<AgentShare>& shares, LateEntry entry) {
  Work all;
  std::size_t planned = 0;
  for (const AgentShare share : shares) {
    const LoadPlan plan = make_load_plan(load.scenario, share, load.trace, entry);
    planned += plan.users.size() + plan.arrivals;
    for (const PlannedUser& user : plan.users)
      all[{user.user, user.stretch}] = {user.start, user.end};
    nanoseconds before{0};
    bool in_order = true;
    for (const auto stream = arrivals_of(load.scenario, plan); const auto one = stream->next();) {
      in_order &= one->at >= std::exchange(before, one->at);
      all[{one->arrival, 0}] = {one->at, nanoseconds::max()};
    }
    BOOST_TEST(in_order);
    const auto later = [](const PlannedUser& one, const PlannedUser& other) {
      return one.start < other.start;
    };
    BOOST_TEST(std::is_sorted(plan.users.begin(), plan.users.end(), later));
  }
  BOOST_TEST(planned == all.size(), load.name);  // each was planned once, and counted right
  return all;
}

bool is_open(const SampleLoad& load) {
  return !std::holds_alternative<ClosedUsers>(load.scenario.load);
}

// What remains of the lost share's own work from an instant on.
Work rest_of(const SampleLoad& load, nanoseconds from) {
  Work rest;
  for (const auto& [key, time] : work_of(load, {lost}, {})) {
    if (is_open(load) ? time.first >= from : time.second > from)
      rest[key] = {is_open(load) ? time.first : std::max(time.first, from), time.second};
  }
  return rest;
}

// Arrivals until then; users at work then.
std::size_t offered_at(const SampleLoad& load, const Work& work, nanoseconds at) {
  return static_cast<std::size_t>(std::count_if(work.begin(), work.end(), [&](const auto& item) {
    const auto& [start, end] = item.second;
    return start <= at && (is_open(load) || end > at);
  }));
}

}  // namespace

BOOST_AUTO_TEST_CASE(without_a_ramp_the_pieces_are_exactly_what_remains_of_the_lost_share) {
  for (const auto& load : sample_loads()) {
    // Also at an instant at which something is due.
    const Work all = work_of(load, {lost}, {});
    const nanoseconds due = std::next(all.begin(), all.size() / 2)->second.first;
    const std::vector<nanoseconds> instants{1ns, 2500ms,    4s,         5s,  7777ms,
                                            due, due + 1ns, stop - 1ns, stop};
    for (const nanoseconds from : instants) {
      const Work rest = rest_of(load, from);
      for (const std::uint32_t parts : {1u, 3u, 16u}) {
        BOOST_TEST((work_of(load, pieces(parts), {from, 0s}) == rest),
                   load.name << " from " << from.count() << " in " << parts);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(with_a_ramp_the_pieces_are_a_part_of_it_and_the_same_for_any_number_of_them) {
  for (const auto& load : sample_loads()) {
    for (const LateEntry entry : {LateEntry{3s, 4s}, {5s, 1ms}, {0s, 12s}, {8s, 30s}, {1s, 1ns}}) {
      const Work rest = rest_of(load, entry.from);
      const Work one = work_of(load, pieces(1), entry);
      for (const auto& [key, time] : one) {
        const auto whole = rest.find(key);
        BOOST_REQUIRE((whole != rest.end()));
        BOOST_TEST((time.second == whole->second.second));
        if (is_open(load)) BOOST_TEST((time.first == whole->second.first));
        BOOST_TEST((time.first >= whole->second.first));
      }
      for (const auto& [key, time] : rest) {
        if (time.first < entry.from + entry.ramp) continue;
        BOOST_TEST(one.contains(key), load.name);  // after the ramp all of it
      }
      for (const std::uint32_t parts : {2u, 9u})
        BOOST_TEST((work_of(load, pieces(parts), entry) == one), load.name);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_offered_never_exceeds_the_plan_at_any_instant) {
  for (const auto& load : sample_loads()) {
    for (const LateEntry entry : {LateEntry{3s, 4s}, {6s, 0s}, {0s, 10s}}) {
      const Work rest = rest_of(load, entry.from), taken = work_of(load, pieces(4), entry);
      for (nanoseconds at{0}; at <= stop; at += 37ms)
        BOOST_REQUIRE(offered_at(load, taken, at) <= offered_at(load, rest, at));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_load_rises_evenly_along_the_ramp) {
  Scenario scenario;
  OpenArrivals open;
  open.process = OpenArrivals::Process::constant;
  open.rate = LoadShape::constant(10'000);
  scenario.load = open;
  scenario.phases = {0s, 12s, 0s};
  const LoadPlan plan = make_load_plan(scenario, {}, nullptr, {2s, 8s});
  std::vector<double> of_second(12);
  for (const auto stream = arrivals_of(scenario, plan); const auto one = stream->next();)
    ++of_second[static_cast<std::size_t>(one->at / 1s)];
  for (std::size_t second = 0; second < 12; ++second) {
    const double middle = std::clamp((static_cast<double>(second) - 1.5) / 8, 0.0, 1.0);
    // A count of 10,000 draws: five deviations of 50.
    BOOST_TEST(std::abs(of_second[second] - 10'000 * middle) <= 5 * 50, second);
  }
  BOOST_TEST(of_second[1] == 0);
  BOOST_TEST(of_second[10] == 10'000);

  ClosedUsers users;
  users.count = LoadShape::constant(8'000);
  scenario.load = users;
  for (const PlannedUser& user : make_load_plan(scenario, {}, nullptr, {2s, 8s}).users)
    ++of_second[static_cast<std::size_t>(user.start / 1s)];
  for (std::size_t second = 2; second < 10; ++second) {
    const double begun = of_second[second] - 10'000 * (static_cast<double>(second) - 1.5) / 8;
    BOOST_TEST(std::abs(begun - 1'000) <= 5 * 50 + 5 * 30, second);
  }
}

BOOST_AUTO_TEST_CASE(who_enters_when_depends_on_the_seed_and_on_who_it_is) {
  std::set<std::int64_t> instants;
  for (std::uint64_t user = 0; user < 1000; ++user) {
    const nanoseconds enters = entry_of_user({5s, 10s}, 7, user);
    BOOST_TEST((enters == entry_of_user({5s, 10s}, 7, user)));
    BOOST_TEST((enters >= 5s && enters < 15s));
    BOOST_TEST((entry_of_user({5s, 0s}, 7, user) == 5s));
    BOOST_TEST((entry_of_user({}, 7, user) == 0s));
    instants.insert(enters.count());
  }
  BOOST_TEST(instants.size() == 1000u);
  BOOST_TEST((entry_of_user({5s, 10s}, 7, 3) != entry_of_user({5s, 10s}, 8, 3)));
}

BOOST_AUTO_TEST_CASE(a_user_that_is_taken_over_does_not_repeat_sessions_it_had_before) {
  BOOST_TEST(first_session({}) == 0u);
  const std::uint32_t early = first_session({3s, 10s}), later = first_session({4s, 10s});
  BOOST_TEST(early >= std::uint32_t{1} << 31);
  BOOST_TEST(later - early == 100u);
  BOOST_TEST(first_session({0s, 10s}) == std::uint32_t{1} << 31);
  // The longest run leaves room for a billion sessions.
  BOOST_TEST(first_session({1440h, 0s}) < (std::uint32_t{1} << 31) + (std::uint32_t{1} << 30));
}

BOOST_AUTO_TEST_CASE(a_plan_made_beside_another_of_the_run_is_the_same) {
  for (auto& load : sample_loads()) {
    // So many arrivals that there are several marks to start from.
    if (auto* open = std::get_if<OpenArrivals>(&load.scenario.load); open != nullptr) {
      auto pieces_of_shape = open->rate.pieces();
      for (LoadPiece& piece : pieces_of_shape)
        piece.from *= 50, piece.to *= 50, piece.amplitude *= 50;
      open->rate = LoadShape(pieces_of_shape);
    }
    const LoadPlan own = make_load_plan(load.scenario, {0, 7}, load.trace);
    for (const LateEntry entry : {LateEntry{3s, 4s}, {11s, 0s}, {0s, 1s}, {13s, 1s}}) {
      const AgentShare share = AgentShare{2, 7}.piece(1, 3);
      const LoadPlan late = make_late_plan(load.scenario, own, share, entry);
      const LoadPlan alone = make_load_plan(load.scenario, share, load.trace, entry);
      BOOST_TEST(late.arrivals == alone.arrivals, load.name);
      BOOST_TEST((late.users == alone.users), load.name);
      BOOST_TEST(fingerprint(load.scenario, late) == fingerprint(load.scenario, alone), load.name);
    }
  }
}

BOOST_AUTO_TEST_CASE(marks_change_nothing_about_a_stream) {
  OpenArrivals open;
  open.rate = LoadShape({{5s, 0, 9'000, 0, {}}, {2s, 0, 0}, {0s, 4'000, 4'000}});
  for (const auto process : {OpenArrivals::Process::poisson, OpenArrivals::Process::gamma}) {
    open.process = process;
    const auto marks = mark_arrivals(open, 9, stop);
    for (const nanoseconds from : {0s, 1s, 4s, 6s, 7s, 11s, 12s, 99s}) {
      const auto plain = stream_of(open, 9, lost, stop),
                 marked = stream_of(open, 9, lost, stop, marks);
      plain->skip_towards(from), marked->skip_towards(from);
      BOOST_TEST(plain->copy()->count_rest() == marked->copy()->count_rest());
      bool equal = true;
      for (bool more = true; more;) {
        const auto one = plain->next(), other = marked->next();
        equal &= one == other;
        more = one.has_value();
      }
      BOOST_TEST(equal);
      BOOST_TEST(marked->count_rest() == 0u);
      BOOST_TEST(!marked->next().has_value());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_fingerprint_moves_with_the_entry) {
  for (const auto& load : sample_loads()) {
    const auto print = [&](LateEntry entry) {
      return fingerprint(load.scenario, make_load_plan(load.scenario, lost, load.trace, entry));
    };
    BOOST_TEST(print({3s, 0s}) == print({3s, 0s}), load.name);
    BOOST_TEST(print({3s, 0s}) != print({}), load.name);
    BOOST_TEST(print({3s, 0s}) != print({3s, 1s}), load.name);
    BOOST_TEST(print({3s, 0s}) != print({3001ms, 0s}), load.name);
  }
}

BOOST_AUTO_TEST_CASE(a_stream_that_is_skipped_towards_an_instant_loses_nothing_from_there_on) {
  Random random(5);
  for (const auto& load : sample_loads()) {
    if (!is_open(load)) continue;
    const auto* open = std::get_if<OpenArrivals>(&load.scenario.load);
    const auto make = [&] {
      return open != nullptr
                 ? stream_of(*open, 1, lost, stop)
                 : stream_of(std::get<TraceReplay>(load.scenario.load), load.trace, lost, stop);
    };
    for (int round = 0; round < 50; ++round) {
      const auto all = make(), skipped = make();
      for (std::uint64_t i = random.next() % 20; i > 0; --i) all->next(), skipped->next();
      // Now and then to an instant that has passed already, or beyond the end.
      const auto at = nanoseconds(static_cast<std::int64_t>(random.next() % 14'000'000'000));
      skipped->skip_towards(at);
      const auto again = skipped->copy();
      auto expected = all->next();
      std::uint64_t left_before = 0;
      while (const auto arrival = skipped->next()) {
        while (expected && *expected != *arrival) {
          BOOST_REQUIRE((expected->at < at));
          expected = all->next();
        }
        BOOST_REQUIRE(expected.has_value());
        left_before += arrival->at < at ? 1 : 0;
        BOOST_TEST((again->next() == arrival));
        expected = all->next();
      }
      while (expected) {
        BOOST_REQUIRE((expected->at < at));
        expected = all->next();
      }
      BOOST_TEST(!again->next().has_value());
      BOOST_TEST(left_before <= 6u, load.name);  // a round of the share, or its random gap
    }
  }
}

BOOST_AUTO_TEST_CASE(absurd_entries_leave_everything_or_nothing) {
  constexpr nanoseconds never = nanoseconds::max(), before = nanoseconds::min();
  for (const auto& load : sample_loads()) {
    BOOST_TEST(work_of(load, {lost}, {never, 0s}).empty());
    BOOST_TEST(work_of(load, {lost}, {stop, 5s}).empty());
    BOOST_TEST((work_of(load, {lost}, {before, before}) == work_of(load, {lost}, {})));
    BOOST_TEST((work_of(load, {lost}, {0s, 1ns}).size() + 40 > work_of(load, {lost}, {}).size()));
  }
}
