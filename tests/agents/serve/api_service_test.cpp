// What clients are told, from the request to the last token, without sockets and without a model.

#include <boost/test/unit_test.hpp>

#include "tests/agents/serve/service_fixture.hpp"

using namespace squall::tests;

using Fixture = ServiceFixture;

BOOST_FIXTURE_TEST_CASE(a_completion_is_answered_when_its_last_token_is_there, Fixture) {
  const auto client = complete(R"(, "max_tokens": 3, "seed": 9, "temperature": 0.5)");
  BOOST_TEST(latest != 0u);
  const auto& request = engine.submitted.at(0);
  BOOST_TEST(request.prompt.size() == 2u);
  BOOST_TEST(request.max_tokens == 3u);
  BOOST_TEST(request.stop_at_end_token);
  BOOST_TEST(request.sampling.seed == 9u);
  BOOST_TEST(request.sampling.temperature == 0.5F);
  admit(latest, 1);
  tokens(latest, "xy");
  BOOST_TEST(!client->ended);
  tokens(latest, "z", true);
  BOOST_TEST(client->got.status == 200u);
  const json body = client->body();
  BOOST_TEST(body["object"] == "text_completion");
  BOOST_TEST(body["model"] == "bytes");
  BOOST_TEST(body["created"] == 1234);
  BOOST_TEST(body["choices"][0]["text"] == "xyz");
  BOOST_TEST(body["choices"][0]["finish_reason"] == "length");
  BOOST_TEST(body["usage"]["prompt_tokens"] == 2);
  BOOST_TEST(body["usage"]["completion_tokens"] == 3);
  BOOST_TEST(body["usage"]["total_tokens"] == 5);
  BOOST_TEST(body["usage"]["prompt_tokens_details"]["cached_tokens"] == 1);
  BOOST_TEST(service().open_answers() == 0u);
}

BOOST_FIXTURE_TEST_CASE(the_end_token_counts_and_is_the_reason_to_stop, Fixture) {
  const auto client = complete(R"(, "max_tokens": 9)");
  admit(latest);
  tokens(latest, "x");
  end(latest);
  BOOST_TEST(client->body()["choices"][0]["finish_reason"] == "stop");
  BOOST_TEST(client->body()["usage"]["completion_tokens"] == 2);
}

BOOST_FIXTURE_TEST_CASE(an_ignored_end_token_is_a_token_like_others, Fixture) {
  const auto client = complete(R"(, "max_tokens": 1, "ignore_eos": true)");
  BOOST_TEST(!engine.submitted.at(0).stop_at_end_token);
  admit(latest);
  end(latest);
  BOOST_TEST(client->body()["choices"][0]["finish_reason"] == "length");
}

BOOST_FIXTURE_TEST_CASE(a_stop_string_ends_the_answer_and_frees_the_engine, Fixture) {
  const auto client = complete(R"(, "max_tokens": 50, "stop": "END")");
  const auto id = latest;
  admit(id);
  tokens(id, "one END");
  BOOST_TEST(client->body()["choices"][0]["text"] == "one ");
  BOOST_TEST(client->body()["choices"][0]["finish_reason"] == "stop");
  BOOST_TEST(client->body()["usage"]["completion_tokens"] == 7);
  BOOST_TEST(engine.cancelled == std::vector<std::uint64_t>{id}, boost::test_tools::per_element());
  tokens(id, "x");  // the engine had begun this step before it heard of it
  BOOST_TEST(metrics_say("squall_generated_tokens_total 7"));
}

BOOST_FIXTURE_TEST_CASE(text_that_was_held_back_is_in_the_answer_that_ends_otherwise, Fixture) {
  const auto client = complete(R"(, "max_tokens": 4, "stop": "END")");
  admit(latest);
  tokens(latest, "EN\xE2\x82", true);
  BOOST_TEST(client->body()["choices"][0]["text"] == "EN\xEF\xBF\xBD");
  BOOST_TEST(client->body()["usage"]["completion_tokens"] == 4);
}

BOOST_FIXTURE_TEST_CASE(a_streamed_completion_comes_piece_by_piece, Fixture) {
  const auto client =
      complete(R"(, "max_tokens": 4, "stream": true, "stream_options": {"include_usage": true})");
  BOOST_TEST(!client->streaming);
  admit(latest);
  BOOST_TEST(client->streaming);
  BOOST_TEST(client->got.content_type == "text/event-stream; charset=utf-8");
  tokens(latest, "x\xC3");
  const std::size_t before = client->got.body.size();
  tokens(latest, "\xA9");
  BOOST_TEST(client->got.body.size() > before);
  tokens(latest, "z", true);
  const auto events = client->events();
  BOOST_TEST(events.size() == 5u);
  BOOST_TEST(events[0]["choices"][0]["text"] == "x");
  BOOST_TEST(events[0]["choices"][0]["finish_reason"].is_null());
  BOOST_TEST(events[0]["usage"].is_null());
  BOOST_TEST(events[1]["choices"][0]["text"] == "\xC3\xA9");
  BOOST_TEST(events[3]["choices"][0]["finish_reason"] == "length");
  BOOST_TEST(events[4]["choices"].empty());
  BOOST_TEST(events[4]["usage"]["completion_tokens"] == 4);
  for (const auto& event : events) BOOST_TEST(event["id"] == events[0]["id"]);
}

BOOST_FIXTURE_TEST_CASE(usage_is_only_in_streams_that_ask_for_it, Fixture) {
  const auto client = complete(R"(, "max_tokens": 1, "stream": true)");
  admit(latest);
  tokens(latest, "x", true);
  for (const auto& event : client->events()) BOOST_TEST(!event.contains("usage"));
}

BOOST_FIXTURE_TEST_CASE(a_chat_is_encoded_by_the_template_and_streams_its_role_first, Fixture) {
  std::vector<ChatMessage> seen;
  options.encode_chat = [&seen](std::span<const ChatMessage> messages) {
    seen.assign(messages.begin(), messages.end());
    return std::vector<TokenId>{1, 2, 3};
  };
  const auto client = chat(R"(, "stream": true)");
  BOOST_TEST(seen.at(0).content == "hey");
  BOOST_TEST(engine.submitted.at(0).max_tokens == 97u);  // what the context leaves
  admit(latest);
  tokens(latest, "hi");
  end(latest);
  const auto events = client->events();
  BOOST_TEST(events.size() == 4u);
  BOOST_TEST(events[0]["object"] == "chat.completion.chunk");
  BOOST_TEST(events[0]["choices"][0]["delta"]["role"] == "assistant");
  BOOST_TEST(events[1]["choices"][0]["delta"]["content"] == "h");
  BOOST_TEST(events[3]["choices"][0]["delta"].empty());
  BOOST_TEST(events[3]["choices"][0]["finish_reason"] == "stop");
}

BOOST_FIXTURE_TEST_CASE(a_chat_that_is_not_streamed_is_one_message, Fixture) {
  options.encode_chat = [](std::span<const ChatMessage>) { return std::vector<TokenId>{1}; };
  const auto client = chat(R"(, "max_completion_tokens": 2)");
  admit(latest);
  tokens(latest, "hi", true);
  const json body = client->body();
  BOOST_TEST(body["object"] == "chat.completion");
  BOOST_TEST(body["choices"][0]["message"]["role"] == "assistant");
  BOOST_TEST(body["choices"][0]["message"]["content"] == "hi");
  BOOST_TEST(body["id"].get<std::string>().starts_with("chatcmpl-"));
}

BOOST_FIXTURE_TEST_CASE(a_chat_without_template_or_form_is_refused, Fixture) {
  BOOST_TEST(chat("")->error()["code"] == "no_chat_template");
  made.reset();
  options.encode_chat = [](std::span<const ChatMessage>) -> std::vector<TokenId> {
    throw std::invalid_argument("the first message must be of the user");
  };
  const auto client = chat("");
  BOOST_TEST(client->got.status == 400u);
  BOOST_TEST(client->error()["param"] == "messages");
  BOOST_TEST(client->error()["message"] == "the first message must be of the user");
}

BOOST_FIXTURE_TEST_CASE(unknown_models_and_routes_and_wrong_methods_have_their_status, Fixture) {
  const auto model = complete(R"(, "model": "gpt-4")");
  BOOST_TEST(model->got.status == 404u);
  BOOST_TEST(model->error()["code"] == "model_not_found");
  BOOST_TEST(model->error()["message"] == "model 'gpt-4' is not served here; 'bytes' is");
  BOOST_TEST(ask("GET", "/v1/models/gpt-4")->got.status == 404u);
  BOOST_TEST(ask("GET", "/v2")->got.status == 404u);
  const auto method = ask("GET", "/v1/completions");
  BOOST_TEST(method->got.status == 405u);
  BOOST_TEST((method->got.headers.at(0) == std::pair<std::string, std::string>("Allow", "POST")));
  const auto listing = ask("POST", "/v1/models");
  BOOST_TEST(listing->got.status == 405u);
  BOOST_TEST(
      (listing->got.headers.at(0) == std::pair<std::string, std::string>("Allow", "GET, HEAD")));
  BOOST_TEST(ask("HEAD", "/health")->got.status == 200u);
  BOOST_TEST(ask("HEAD", "/v1/completions")->got.status == 405u);
  BOOST_TEST(ask("POST", "/v1/completions", "{}", "text/plain")->got.status == 415u);
  BOOST_TEST(ask("POST", "/v1/completions", "{}", "Application/JSON; charset=utf-8")->got.status ==
             400u);
  BOOST_TEST(engine.submitted.empty());
}

BOOST_FIXTURE_TEST_CASE(the_model_is_listed_and_found_by_its_escaped_name, Fixture) {
  options.model_name = "synthetic:a/b";
  BOOST_TEST(ask("GET", "/v1/models?limit=3")->body()["data"][0]["id"] == "synthetic:a/b");
  BOOST_TEST(ask("GET", "/v1/models/synthetic%3Aa%2Fb")->body()["id"] == "synthetic:a/b");
  BOOST_TEST(ask("GET", "/v1/models/synthetic:a/b")->body()["max_model_len"] == 100);
}

BOOST_FIXTURE_TEST_CASE(prompt_and_answer_must_fit_the_context, Fixture) {
  const auto status_of = [this](std::size_t prompt, std::size_t answer) {
    return ask("POST", "/v1/completions",
               R"({"prompt": ")" + std::string(prompt, 'a') + R"(", "max_tokens": )" +
                   std::to_string(answer) + "}");
  };
  BOOST_TEST(status_of(90, 10)->got.status == 200u);  // not answered yet
  BOOST_TEST(engine.submitted.size() == 1u);
  const auto answer = status_of(90, 11);
  BOOST_TEST(answer->got.status == 400u);
  BOOST_TEST(answer->error()["code"] == "context_length_exceeded");
  BOOST_TEST(answer->error()["message"].get<std::string>().find("at most 10") != std::string::npos);
  BOOST_TEST(status_of(100, 1)->error()["param"] == "prompt");
  BOOST_TEST(status_of(0, 1)->error()["message"] == "the prompt has no tokens");
  BOOST_TEST(engine.submitted.size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(an_answer_is_as_long_as_usual_unless_it_is_told, Fixture) {
  options.max_tokens_limit = 20;
  complete("");
  BOOST_TEST(engine.submitted.at(0).max_tokens == 16u);
  complete(R"(, "max_tokens": 20)");
  BOOST_TEST(engine.submitted.at(1).max_tokens == 20u);
  const auto client = complete(R"(, "max_tokens": 21)");
  BOOST_TEST(client->got.status == 400u);
  BOOST_TEST(client->error()["param"] == "max_tokens");
}

BOOST_FIXTURE_TEST_CASE(tokens_outside_the_vocabulary_are_refused, Fixture) {
  const auto client = ask("POST", "/v1/completions", R"({"prompt": [1, 257]})");
  BOOST_TEST(client->got.status == 400u);
  BOOST_TEST(client->error()["param"] == "prompt");
}

BOOST_FIXTURE_TEST_CASE(too_many_who_wait_are_told_to_come_again, Fixture) {
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 3; ++i) {
    complete("");
    ids.push_back(latest);
  }
  const auto client = complete("");
  BOOST_TEST(client->got.status == 429u);
  BOOST_TEST(client->error()["type"] == "rate_limit_error");
  BOOST_TEST(
      (client->got.headers.at(0) == std::pair<std::string, std::string>("Retry-After", "1")));
  admit(ids[0]);
  complete("");
  BOOST_TEST(latest != 0u);  // one was admitted, one may wait again
}

BOOST_FIXTURE_TEST_CASE(a_client_that_leaves_frees_the_engine_at_once, Fixture) {
  const auto client = complete(R"(, "stream": true)");
  const auto id = latest;
  admit(id);
  tokens(id, "x");
  service().client_gone(id);
  BOOST_TEST(engine.cancelled == std::vector<std::uint64_t>{id}, boost::test_tools::per_element());
  BOOST_TEST(service().open_answers() == 0u);
  BOOST_TEST(client.use_count() == 1);
  tokens(id, "y", true);
  BOOST_TEST(!client->ended);
  BOOST_TEST(metrics_say(R"(squall_requests_total{route="/v1/completions",status="499"} 1)"));
}

BOOST_FIXTURE_TEST_CASE(what_the_engine_refuses_is_answered, Fixture) {
  const auto client = complete("");
  refuse(latest, "no memory");
  BOOST_TEST(client->got.status == 503u);
  BOOST_TEST(client->error()["message"] == "the engine cannot take this request: no memory");
  BOOST_TEST(client->error()["type"] == "server_error");
}

BOOST_FIXTURE_TEST_CASE(when_the_engine_fails_all_hear_of_it_and_the_service_goes_on, Fixture) {
  const auto whole = complete("");
  const auto streamed = complete(R"(, "stream": true)");
  admit(latest);
  service().on_report({.at = now, .failure = "broken"});
  BOOST_TEST(whole->got.status == 500u);
  BOOST_TEST(streamed->ended);
  BOOST_TEST(streamed->got.body.find("the engine failed: broken") != std::string::npos);
  BOOST_TEST(service().open_answers() == 0u);
  complete("");
  BOOST_TEST(latest != 0u);
}

BOOST_FIXTURE_TEST_CASE(a_drain_refuses_what_is_new_and_finishes_what_runs, Fixture) {
  BOOST_TEST(ask("GET", "/health")->body()["status"] == "ok");
  const auto running = complete(R"(, "max_tokens": 1)");
  const auto id = latest;
  service().begin_drain();
  const auto health = ask("GET", "/health");
  BOOST_TEST(health->got.status == 503u);
  BOOST_TEST(health->body()["status"] == "draining");
  BOOST_TEST(complete("")->error()["code"] == "draining");
  admit(id);
  tokens(id, "x", true);
  BOOST_TEST(running->got.status == 200u);
  const auto late = complete("");
  BOOST_TEST(late->got.status == 503u);
}

BOOST_FIXTURE_TEST_CASE(what_a_drain_cuts_off_says_so, Fixture) {
  const auto streamed = complete(R"(, "stream": true)");
  admit(latest);
  const auto whole = complete("");
  service().begin_drain();
  service().cut_off();
  BOOST_TEST(streamed->ended);
  BOOST_TEST(streamed->got.body.find("shutting down") != std::string::npos);
  BOOST_TEST(streamed->got.body.find("[DONE]") == std::string::npos);
  BOOST_TEST(whole->got.status == 503u);
  BOOST_TEST(engine.cancelled.size() == 2u);
}

BOOST_FIXTURE_TEST_CASE(a_key_is_asked_for_everywhere_but_for_health, Fixture) {
  options.api_key = "secret";
  const auto status_with = [this](const std::string& authorization) {
    return ask("GET", "/v1/models", {}, {}, authorization)->got.status;
  };
  for (const char* right : {"Bearer secret", "bearer secret", "BEARER  secret"})
    BOOST_TEST(status_with(right) == 200u);
  for (const char* wrong :
       {"", "secret", "Bearer ", "Bearer secre", "Bearer secrets", "Bearer Secret"})
    BOOST_TEST(status_with(wrong) == 401u);
  const auto client = complete("");
  BOOST_TEST(client->got.status == 401u);
  BOOST_TEST(client->error()["type"] == "authentication_error");
  BOOST_TEST((client->got.headers.at(0) ==
              std::pair<std::string, std::string>("WWW-Authenticate", "Bearer")));
  BOOST_TEST(ask("GET", "/metrics")->got.status == 401u);
  BOOST_TEST(ask("GET", "/health")->got.status == 200u);
}

BOOST_FIXTURE_TEST_CASE(requests_without_a_seed_have_different_ones_that_a_restart_repeats,
                        Fixture) {
  complete("");
  complete("");
  made.reset();
  complete("");
  const auto seed = [this](std::size_t i) { return engine.submitted.at(i).sampling.seed; };
  BOOST_TEST(seed(0) != seed(1));
  BOOST_TEST(seed(2) == seed(0));
}

BOOST_FIXTURE_TEST_CASE(metrics_tell_of_requests_tokens_load_and_latency, Fixture) {
  complete(R"(, "max_tokens": 3)");
  const auto id = latest;
  admit(id, 1);
  tokens(id, "xyz", true);
  service().on_report({.at = now,
                       .load = {.waiting = 2,
                                .running = 3,
                                .batch_limit = 32,
                                .pages = 10,
                                .pages_in_use = 4,
                                .pages_kept = 1,
                                .kv_bytes = 4096}});
  for (const char* line :
       {R"(squall_requests_total{route="/v1/completions",status="200"} 1)",
        "squall_prompt_tokens_total 2", "squall_prompt_tokens_reused_total 1",
        "squall_generated_tokens_total 3", "squall_requests_running 3", "squall_requests_waiting 2",
        "squall_batch_limit 32", R"(squall_kv_pages{use="free"} 5)",
        "squall_time_to_first_token_seconds_count 1", "squall_inter_token_seconds_count 2",
        R"(squall_inter_token_seconds_bucket{le="0.01"} 2)", "squall_inter_token_seconds_sum 0.02"})
    BOOST_TEST(metrics_say(line), line);
}

BOOST_FIXTURE_TEST_CASE(a_long_prompt_becomes_tokens_aside, Fixture) {
  std::vector<std::pair<std::function<void()>, std::function<void()>>> aside;
  options.run_aside = [&aside](auto task, auto then) { aside.emplace_back(task, then); };
  const auto ask_long = [this] {
    return ask("POST", "/v1/completions", R"({"prompt": ")" + std::string(9000, 'a') + "\"}");
  };
  const auto too_long = ask_long();
  BOOST_TEST(latest != 0u);
  BOOST_TEST((!too_long->ended && service().open_answers() == 1));
  const auto left = ask_long();
  service().client_gone(latest);
  BOOST_TEST(service().open_answers() == 1u);
  BOOST_TEST(left.use_count() == 1);  // what waits aside holds nobody's connection
  const auto cut_off = ask_long();
  for (std::size_t i = 0; i < 2; ++i) {
    aside[i].first();
    aside[i].second();
  }
  BOOST_TEST(too_long->got.status == 400u);
  BOOST_TEST(too_long->error()["code"] == "context_length_exceeded");
  BOOST_TEST(!left->ended);
  service().cut_off();
  aside[2].first();
  aside[2].second();
  BOOST_TEST(cut_off->got.status == 503u);
  BOOST_TEST(service().open_answers() == 0u);
  BOOST_TEST(engine.submitted.empty());
}

BOOST_AUTO_TEST_CASE(a_long_prompt_that_fits_is_answered) {
  RecordingEngine engine;
  ServiceOptions options{.model_name = "bytes", .context = 20000};
  options.run_aside = [](auto task, auto then) {
    task();
    then();
  };
  ApiService service(byte_model(20000), engine, options);
  HttpRequest request;
  request.method = "POST";
  request.target = "/v1/completions";
  request.body = R"({"prompt": ")" + std::string(9000, 'a') + "\"}";
  BOOST_TEST(service.handle(request, std::make_shared<Client>()) != 0u);
  BOOST_TEST(engine.submitted.at(0).prompt.size() == 9000u);
}
