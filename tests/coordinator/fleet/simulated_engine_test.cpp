// One simulated machine, by hand: who joins when, what a step takes, who waits for what.

#include "coordinator/fleet/simulated_engine.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/coordinator/fleet/fleet_fixture.hpp"

using namespace squall::coordinator;
using namespace squall::tests;

namespace {

const auto nearly = boost::test_tools::tolerance(1e-9);

EngineJob job(std::uint64_t id, std::uint32_t prompt, std::uint32_t answer) {
  return {.id = id, .prompt_tokens = prompt, .answer_tokens = answer};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_law_adds_up_what_a_step_costs) {
  EngineLaw law;
  law.per_step = 1;
  law.rows = {{1, 0.1}, {4, 0.01}};
  law.per_token = 0.5;
  law.per_decode_position = 0.001;
  law.per_prompt_position = 0.002;
  BOOST_TEST(law.seconds({.decoding = 1}) == 1.5, nearly);
  BOOST_TEST(law.seconds({.decoding = 3}) == 1 + 2 * 0.1 + 3 * 0.5, nearly);
  // Rows 2, 3, 4 cost 0.1 each, rows 5 to 12 cost 0.01.
  BOOST_TEST(law.seconds({.decoding = 2,
                          .prompt_tokens = 10,
                          .prompts_done = 1,
                          .decode_positions = 40,
                          .prompt_positions = 55}) ==
                 1 + 3 * 0.1 + 8 * 0.01 + 3 * 0.5 + 40 * 0.001 + 55 * 0.002,
             nearly);
}

BOOST_AUTO_TEST_CASE(a_lone_request_takes_its_prompt_and_then_a_step_a_token) {
  EngineLaw law;
  law.per_step = 1;
  law.rows = {{1, 0.01}};
  law.per_decode_position = 0.001;
  law.per_prompt_position = 0.0001;
  LoneEngine lone(law);
  lone.at(5, job(1, 10, 4));
  const auto ended = lone.run();
  const EngineEnd& end = ended.at(1);
  BOOST_TEST(end.admitted == 5.0, nearly);
  // 10 rows; positions 1 + … + 10.
  const double first = 5 + 1 + 9 * 0.01 + 55 * 0.0001;
  BOOST_TEST(end.first_token == first, nearly);
  // Tokens 2, 3, 4 look back at 11, 12, 13 positions, themselves included.
  BOOST_TEST(end.at == first + 3 + (11 + 12 + 13) * 0.001, nearly);
  BOOST_TEST((end.how == EngineEnd::How::completed));
  BOOST_TEST(lone.advances() == 3);  // begin, the prompt's step, one stretch of three
}

BOOST_AUTO_TEST_CASE(who_comes_during_a_step_joins_the_next_one) {
  LoneEngine lone(constant_law(1));
  lone.at(0, job(1, 4, 10));
  lone.at(3.5, job(2, 4, 2));  // in the midst of the fourth step
  const auto ended = lone.run();
  BOOST_TEST(ended.at(2).admitted == 4.0, nearly);
  BOOST_TEST(ended.at(2).first_token == 5.0, nearly);
  BOOST_TEST(ended.at(2).at == 6.0, nearly);
  BOOST_TEST(ended.at(1).at == 10.0, nearly);
}

BOOST_AUTO_TEST_CASE(who_comes_as_a_step_ends_is_in_the_next_one) {
  LoneEngine lone(constant_law(1));
  lone.at(0, job(1, 4, 10));
  lone.at(3, job(2, 4, 1));
  BOOST_TEST(lone.run().at(2).at == 4.0, nearly);
}

BOOST_AUTO_TEST_CASE(prompts_are_taken_in_pieces_beside_those_that_decode) {
  EngineLaw law;
  law.per_step = 1;
  law.rows = {{1, 0.01}};
  law.limits.prefill_chunk = 8;
  LoneEngine lone(law);
  lone.at(0, job(1, 1, 6));
  lone.at(0.5, job(2, 20, 1));
  const auto ended = lone.run();
  // Steps: [1], then 1 + 8, 1 + 8 and 1 + 4 rows.
  BOOST_TEST(ended.at(2).admitted == 1.0, nearly);
  BOOST_TEST(ended.at(2).first_token == 1 + 1.08 + 1.08 + 1.04, nearly);
  // Two more steps alone: answers have 6 tokens, 4 of them are there by then.
  BOOST_TEST(ended.at(1).at == 1 + 1.08 + 1.08 + 1.04 + 2, nearly);
}

BOOST_AUTO_TEST_CASE(a_prompt_longer_than_a_step_leaves_half_of_the_room_to_those_behind) {
  EngineLaw law = constant_law(1);
  law.limits.prefill_chunk = 8;
  LoneEngine lone(law);
  lone.at(0, job(1, 20, 1));
  lone.at(0, job(2, 4, 1));
  const auto ended = lone.run();
  // Step 1: 4 of the first and all 4 of the second; then 8 and 8.
  BOOST_TEST(ended.at(2).first_token == 1.0, nearly);
  BOOST_TEST(ended.at(1).first_token == 3.0, nearly);
}

BOOST_AUTO_TEST_CASE(the_limit_of_the_batch_doubles_while_others_wait) {
  EngineLaw law = constant_law(1);
  law.limits.first_batch = 1;
  law.limits.max_batch = 4;
  LoneEngine lone(law);
  for (std::uint64_t id = 1; id <= 5; ++id) lone.at(0, job(id, 1, 10));
  const auto ended = lone.run();
  BOOST_TEST(ended.at(1).admitted == 0.0, nearly);
  BOOST_TEST(ended.at(2).admitted == 1.0, nearly);  // limit 2
  BOOST_TEST(ended.at(3).admitted == 2.0, nearly);  // limit 4
  BOOST_TEST(ended.at(4).admitted == 2.0, nearly);
  BOOST_TEST(ended.at(5).admitted == 10.0, nearly);  // when the first has left
}

BOOST_AUTO_TEST_CASE(without_memory_requests_wait_and_the_limit_halves) {
  EngineLaw law = constant_law(1);
  law.limits.pages = 4;  // of 32 positions
  law.limits.first_batch = 16;
  LoneEngine lone(law);
  lone.at(0, job(1, 33, 32));  // 64 positions: 2 pages
  lone.at(0, job(2, 33, 31));  // 63 positions: 2 pages
  lone.at(0, job(3, 1, 1));
  const auto ended = lone.run();
  BOOST_TEST(ended.at(2).admitted == 0.0, nearly);
  BOOST_TEST(ended.at(3).admitted == 31.0, nearly);  // the second has left, the first not yet
  BOOST_TEST(lone.engine().limit() == 8U);
  BOOST_TEST(lone.engine().pages_in_use() == 0U);
}

BOOST_AUTO_TEST_CASE(what_can_never_fit_is_refused_at_once) {
  EngineLaw law = constant_law(1);
  law.limits.pages = 2;
  LoneEngine lone(law);
  lone.at(0, job(1, 33, 32));
  lone.at(1, job(2, 33, 33));  // a position too many
  law.limits.context = 60;
  LoneEngine short_context(law);
  short_context.at(0, job(1, 30, 30));
  short_context.at(0, job(2, 31, 30));
  const auto ended = lone.run(), by_context = short_context.run();
  BOOST_TEST((ended.at(1).how == EngineEnd::How::completed));
  BOOST_TEST((ended.at(2).how == EngineEnd::How::refused));
  BOOST_TEST(ended.at(2).at == 1.0);
  BOOST_TEST((by_context.at(1).how == EngineEnd::How::completed));
  BOOST_TEST((by_context.at(2).how == EngineEnd::How::refused));
}

BOOST_AUTO_TEST_CASE(patience_ends_with_the_first_step_that_begins_too_late) {
  LoneEngine lone(constant_law(1));
  EngineJob impatient = job(1, 1, 100);
  impatient.deadline = 10.5;
  lone.at(0, impatient);
  lone.at(2, job(2, 1, 100));
  const auto ended = lone.run();
  BOOST_TEST((ended.at(1).how == EngineEnd::How::timed_out));
  BOOST_TEST(ended.at(1).at == 11.0, nearly);
  BOOST_TEST((ended.at(2).how == EngineEnd::How::completed));
  BOOST_TEST(ended.at(2).at == 102.0, nearly);
}

BOOST_AUTO_TEST_CASE(a_prefix_that_was_computed_is_not_computed_again) {
  EngineLaw law = constant_law(1);
  law.limits.prefill_chunk = 32;
  const auto second_of = [](const EngineLaw& each) {
    LoneEngine lone(each);
    EngineJob one = job(1, 100, 1), other = job(2, 100, 1);
    one.prefix = other.prefix = 7;
    one.prefix_tokens = other.prefix_tokens = 80;
    lone.at(0, one);
    lone.at(10, other);
    return lone.run().at(2).at;
  };
  BOOST_TEST(second_of(law) == 12.0, nearly);  // 64 of 80 are whole pages: 36 are left
  law.limits.reuse_prefixes = false;
  BOOST_TEST(second_of(law) == 14.0, nearly);
}

BOOST_AUTO_TEST_CASE(a_conversation_goes_on_where_its_last_turn_ended) {
  EngineLaw law = constant_law(1);
  law.limits.prefill_chunk = 32;
  LoneEngine lone(law);
  EngineJob first = job(1, 60, 5), next = job(2, 70, 1);
  first.conversation = next.conversation = 9;
  first.last_turn = false;
  lone.at(0, first);
  lone.at(20, next);
  BOOST_TEST(lone.run().at(2).at == 21.0, nearly);  // 64 positions are known: 6 are left
}

BOOST_AUTO_TEST_CASE(a_stretch_knows_its_steps) {
  const EngineStretch stretch{.begin = 10,
                              .end = 10 + 5 * 1.0 + 0.1 * 10,
                              .first = 1,
                              .growth = 0.1,
                              .steps = 5,
                              .work = {.decoding = 3},
                              .in_batch = 3};
  // Steps end at 11, 12.1, 13.3, 14.6, 16.
  BOOST_TEST(stretch.steps_until(9) == 1U);
  BOOST_TEST(stretch.steps_until(10.5) == 1U);
  BOOST_TEST(stretch.steps_until(11.5) == 2U);
  BOOST_TEST(stretch.steps_until(14.5) == 4U);
  BOOST_TEST(stretch.steps_until(14.7) == 5U);
  BOOST_TEST(stretch.steps_until(99) == 5U);
  BOOST_TEST(stretch.tokens_before(10.9) == 0U);
  BOOST_TEST(stretch.tokens_before(12.2) == 6U);
  BOOST_TEST(stretch.tokens_before(16.1) == 15U);
}
