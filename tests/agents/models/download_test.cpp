// Downloads from a server that is well, that breaks off, that changes its mind.

#include "agents/models/download.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <thread>

#include "tests/agents/models/download_fixture.hpp"

using namespace squall::agents;
using namespace squall::tests;
using namespace squall::fixtures;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

HttpServer::Answer serving(const std::string& content, const std::string& etag = "\"one\"") {
  return [content, etag](const HttpRequest& request, HttpConnection& connection) {
    answer_file(request, connection, content, etag);
  };
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(downloads, DownloadFixture)

BOOST_AUTO_TEST_CASE(a_whole_file_arrives_checked_and_leaves_nothing_else) {
  const HttpServer server(serving(content));
  std::vector<DownloadProgress> told;
  context.on_progress = [&](const DownloadProgress& progress) {
    told.push_back(progress);
    return true;
  };
  const Download done = fetch(order_from({server.url("/a/m.gguf?token=secret")}));
  BOOST_TEST(done.file == place());
  BOOST_TEST(done.source == server.url("/a/m.gguf"));
  BOOST_TEST(done.sha256 == digest_of(content));
  BOOST_TEST((read_file(place()) == content));
  BOOST_TEST(pauses.empty());
  BOOST_TEST(server.requests().size() == 1u);
  BOOST_TEST(server.requests()[0].path == "/a/m.gguf?token=secret");
  BOOST_TEST(server.requests()[0].header("user-agent").starts_with("squall/"));
  BOOST_TEST(!fs::exists(place().string() + ".part"));
  BOOST_TEST(!fs::exists(place().string() + ".part.origin"));
  BOOST_REQUIRE(told.size() >= 2u);
  BOOST_TEST((told.front().stage == DownloadProgress::Stage::connecting));
  BOOST_TEST((told.back().stage == DownloadProgress::Stage::checking));
  BOOST_TEST(told.back().done == content.size());
  for (const DownloadProgress& each : told) BOOST_TEST(!says(in_words(each), "secret"));
}

BOOST_AUTO_TEST_CASE(what_is_there_already_is_not_fetched_again) {
  const HttpServer server(serving(content));
  const auto order = order_from({server.url("/m.gguf")});
  fetch(order);
  const Download again = fetch(order);
  BOOST_TEST(again.source.empty());
  BOOST_TEST(again.file == place());
  BOOST_TEST(server.requests().size() == 1u);
}

BOOST_AUTO_TEST_CASE(another_file_of_that_name_is_replaced) {
  const HttpServer server(serving(content));
  fs::create_directories(place().parent_path());
  std::ofstream(place()) << model_of(1000, 9);
  BOOST_TEST(!fetch(order_from({server.url("/m.gguf")})).source.empty());
  BOOST_TEST((read_file(place()) == content));
}

BOOST_AUTO_TEST_CASE(a_connection_that_breaks_twice_is_continued_where_it_broke) {
  std::atomic<int> count{0};
  const HttpServer server([&](const HttpRequest& request, HttpConnection& connection) {
    answer_file(request, connection, content, "\"one\"", count++ < 2 ? 100'000 : std::string::npos);
  });
  fetch(order_from({server.url("/m.gguf")}));
  BOOST_TEST((read_file(place()) == content));
  const auto requests = server.requests();
  BOOST_REQUIRE(requests.size() == 3u);
  BOOST_TEST(requests[0].header("range").empty());
  BOOST_TEST(requests[1].header("range") == "bytes=100000-");
  BOOST_TEST(requests[2].header("range") == "bytes=200000-");
  BOOST_TEST(requests[2].header("if-range") == "\"one\"");
  BOOST_TEST(pauses.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_later_process_continues_what_an_earlier_one_began) {
  std::atomic<bool> broken{true};
  const HttpServer server([&](const HttpRequest& request, HttpConnection& connection) {
    answer_file(request, connection, content, "\"one\"", broken ? 123'456 : std::string::npos);
  });
  auto order = order_from({server.url("/m.gguf")});
  order.retry.attempts = 1;
  BOOST_TEST(says(refusal(order), "closed the connection before the end"));
  BOOST_TEST(nothing_under_its_name());
  broken = false;
  fetch(order);
  BOOST_TEST((read_file(place()) == content));
  BOOST_TEST(server.requests().back().header("range") == "bytes=123456-");
}

BOOST_AUTO_TEST_CASE(a_file_that_changed_meanwhile_is_fetched_from_its_beginning) {
  const std::string old = model_of(300'000, 7);
  std::atomic<int> count{0};
  const HttpServer server([&](const HttpRequest& request, HttpConnection& connection) {
    if (count++ == 0)
      answer_file(request, connection, old, "\"old\"", 100'000);
    else
      answer_file(request, connection, content, "\"new\"");
  });
  fetch(order_from({server.url("/m.gguf")}));
  BOOST_TEST((read_file(place()) == content));
  BOOST_TEST(server.requests().size() == 2u);
  BOOST_TEST(server.requests()[1].header("if-range") == "\"old\"");
}

BOOST_AUTO_TEST_CASE(a_weak_validator_is_no_reason_to_continue) {
  std::atomic<int> count{0};
  const HttpServer server([&](const HttpRequest& request, HttpConnection& connection) {
    answer_file(request, connection, content, "W/\"one\"", count++ == 0 ? 1000 : std::string::npos);
  });
  fetch(order_from({server.url("/m.gguf")}));
  BOOST_TEST(server.requests()[1].header("range").empty());
  BOOST_TEST((read_file(place()) == content));
}

BOOST_AUTO_TEST_CASE(a_server_that_ignores_or_mistakes_the_range_spoils_nothing) {
  std::atomic<int> count{0};
  const HttpServer server([&](const HttpRequest& request, HttpConnection& connection) {
    const int number = count++;
    HttpRequest asked = request;
    if (number == 1) asked.headers["range"] = "bytes=77-";  // other bytes than were asked for
    if (number == 3) asked.headers.erase("range");          // all of them
    answer_file(asked, connection, content, "\"one\"", number % 2 == 0 ? 5000 : std::string::npos);
  });
  fetch(order_from({server.url("/m.gguf")}));
  BOOST_TEST((read_file(place()) == content));
  BOOST_TEST(server.requests().size() == 4u);
}

BOOST_AUTO_TEST_CASE(a_wrong_checksum_is_never_kept_and_the_next_source_is_tried) {
  const HttpServer wrong(serving(model_of(300'000, 2)));
  const HttpServer right(serving(content));
  const Download done = fetch(order_from({wrong.url("/m.gguf"), right.url("/m.gguf")}));
  BOOST_TEST((read_file(place()) == content));
  BOOST_TEST(wrong.requests().size() == 1u);
  BOOST_REQUIRE(done.failures.size() == 1u);
  BOOST_TEST(says(done.failures[0], wrong.url("/m.gguf") + ": sent a file with SHA-256 "));
  BOOST_TEST(done.source == right.url("/m.gguf"));

  fs::remove(place());
  const std::string message = refusal(order_from({wrong.url("/m.gguf")}));
  BOOST_TEST(says(message, digest_of(content)));
  BOOST_TEST(nothing_under_its_name());
  BOOST_TEST(!fs::exists(place().string() + ".part"));
}

BOOST_AUTO_TEST_CASE(a_mixture_of_two_versions_is_noticed_and_fetched_again) {
  // A server that changes its file but not its ETag.
  std::atomic<int> count{0};
  const HttpServer server([&](const HttpRequest& request, HttpConnection& connection) {
    const int number = count++;
    answer_file(request, connection, number == 0 ? model_of(300'000, 3) : content, "\"same\"",
                number == 0 ? 100'000 : std::string::npos);
  });
  fetch(order_from({server.url("/m.gguf")}));
  BOOST_TEST((read_file(place()) == content));
  BOOST_TEST(server.requests().size() == 3u);  // begun, continued, whole
}

BOOST_AUTO_TEST_CASE(a_page_of_text_is_no_model) {
  const HttpServer server([](const HttpRequest&, HttpConnection& connection) {
    connection.answer("200 OK", "<!DOCTYPE html><title>Please log in</title>");
  });
  BOOST_TEST(says(refusal(order_from({server.url("/m.gguf")})), "sent something that is no model"));
  BOOST_TEST(nothing_under_its_name());
}

BOOST_AUTO_TEST_CASE(two_at_once_fetch_it_once) {
  // Threads here, processes in life: the lock belongs to the opened file either way.
  std::atomic<int> waiting{0};
  const HttpServer server([&](const HttpRequest& request, HttpConnection& connection) {
    for (int i = 0; i < 2000 && waiting == 0; ++i) std::this_thread::sleep_for(5ms);
    answer_file(request, connection, content, "\"one\"");
  });
  const auto order = order_from({server.url("/m.gguf")});
  DownloadContext patient;
  patient.on_progress = [&](const DownloadProgress& progress) {
    if (progress.stage == DownloadProgress::Stage::waiting_for_another) ++waiting;
    return true;
  };
  Download one, two;
  std::thread first([&] { one = download(order, patient); });
  std::thread second([&] { two = download(order, patient); });
  first.join();
  second.join();
  BOOST_TEST(waiting > 0);
  BOOST_TEST(server.requests().size() == 1u);
  BOOST_TEST(one.source.empty() != two.source.empty());
  BOOST_TEST((read_file(place()) == content));
}

BOOST_AUTO_TEST_CASE(whoever_watches_can_stop_it_and_go_on_later) {
  const HttpServer server([&](const HttpRequest& request, HttpConnection& connection) {
    answer_file(request, connection, content, "\"one\"",
                request.range_from() == 0 ? 50'000 : std::string::npos);
    if (request.range_from() == 0) connection.stall();
  });
  bool go_on = false;
  context.on_progress = [&](const DownloadProgress& progress) {
    return go_on || progress.stage != DownloadProgress::Stage::receiving;
  };
  BOOST_CHECK_THROW(fetch(order_from({server.url("/m.gguf")})), DownloadStopped);
  BOOST_TEST(nothing_under_its_name());
  go_on = true;
  fetch(order_from({server.url("/m.gguf")}));
  BOOST_TEST(server.requests().back().header("range") == "bytes=50000-");
  BOOST_TEST((read_file(place()) == content));
}

BOOST_AUTO_TEST_CASE(digests_are_those_of_the_standard) {
  // FIPS 180-4, the examples of NIST.
  BOOST_TEST(digest_of("abc") ==
             "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  BOOST_TEST(digest_of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

BOOST_AUTO_TEST_SUITE_END()
