#include "scenarios/datasets/mapped_text.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <sys/stat.h>
#include <utility>
#include <vector>

#include "scenarios/text/utf8.hpp"
#include "tests/scenarios/datasets/dataset_files.hpp"

using namespace squall::scenarios;
using namespace squall::fixtures;

namespace {

std::vector<std::pair<std::size_t, std::string>> lines_of(const std::filesystem::path& path) {
  const MappedText file(path);
  TextLines lines(file);
  std::vector<std::pair<std::size_t, std::string>> result;
  while (const auto line = lines.next()) {
    BOOST_TEST(line_at(file.text(), line->offset) == line->text);
    result.emplace_back(line->number, line->text);
  }
  return result;
}

using Lines = std::vector<std::pair<std::size_t, std::string>>;

}  // namespace

BOOST_AUTO_TEST_CASE(lines_end_in_either_way_and_blank_ones_are_counted_only) {
  const DatasetFolder folder;
  const Lines expected{{1, "one"}, {3, "two"}, {5, "three"}};
  BOOST_TEST((lines_of(folder.write("a", "one\n\ntwo\n \t\nthree\n")) == expected));
  BOOST_TEST((lines_of(folder.write("b", "one\r\n\r\ntwo\r\n \r\nthree")) == expected));
  BOOST_TEST((lines_of(folder.write("c", "\xEF\xBB\xBFone\n\ntwo\n\nthree\r\n")) == expected));
  BOOST_TEST(lines_of(folder.write("d", "\n\r\n  \n")).empty());
  BOOST_TEST((lines_of(folder.write("e", "a\rb\r\r\n")) == Lines{{1, "a\rb\r"}}));
}

BOOST_AUTO_TEST_CASE(a_file_of_many_mebibytes_is_read_whole_though_pages_are_let_go) {
  const DatasetFolder folder;
  std::string content = "\xEF\xBB\xBF";
  for (int i = 0; content.size() < 40'000'000; ++i)
    content += std::to_string(i) + std::string(1000, 'x') + "\n";
  const MappedText file(folder.write("large", content));
  TextLines lines(file);
  std::size_t expected = 0;
  while (const auto line = lines.next()) {
    const std::string number = std::to_string(expected++);
    if (!line->text.starts_with(number) || line->text.size() != number.size() + 1000)
      BOOST_FAIL("line " << expected << " is another");
  }
  BOOST_TEST(expected > 30'000u);
  // The pages come back when they are touched.
  BOOST_TEST(line_at(file.text(), 0) == "0" + std::string(1000, 'x'));
}

BOOST_AUTO_TEST_CASE(a_line_longer_than_allowed_is_refused_with_its_number) {
  const DatasetFolder folder;
  const std::string most(DatasetLimits::item_bytes, 'x');
  BOOST_TEST(lines_of(folder.write("a", "1\r\n" + most + "\r\n3\r\n")).size() == 3u);
  BOOST_TEST(lines_of(folder.write("b", "1\n" + most)).size() == 2u);
  const auto path = folder.write("c", "1\n" + most + "x\n3\n");
  const std::string message = refusal([&] { lines_of(path); });
  BOOST_TEST(says(message, path.string() + ":2: the line has more than 16777216 bytes"));
}

BOOST_AUTO_TEST_CASE(what_is_no_text_file_is_refused_with_a_remedy) {
  const DatasetFolder folder;
  const auto refused = [](const std::filesystem::path& path) {
    return refusal([&] { MappedText text(path); });
  };
  BOOST_TEST(says(refused(folder.path() / "absent"), "absent: cannot be opened"));
  BOOST_TEST(says(refused(folder.path()), "is a directory"));
  BOOST_TEST(says(refused("/dev/null"), "is not a regular file"));
  BOOST_TEST(says(refused(folder.write("empty", "")), "is empty"));
  BOOST_TEST(says(refused(folder.write("a.gz", "\x1F\x8B\x08")), "gunzip"));
  BOOST_TEST(says(refused(folder.write("utf16", "\xFF\xFEh")), "iconv -f UTF-16"));
  BOOST_TEST(says(refused(folder.write("parquet", "PAR1....")), "Parquet"));
  const auto pipe = folder.path() / "pipe";
  BOOST_REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  BOOST_TEST(says(refused(pipe), "is not a regular file"));
}

BOOST_AUTO_TEST_CASE(broken_utf8_is_found_where_it_is) {
  const auto whole = std::string_view::npos;
  for (const char* text : {"", "plain", "gr\xC3\xBC\xC3\x9F", "\xE6\xBC\xA2\xE5\xAD\x97",
                           "\xF0\x9F\x98\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"})
    BOOST_TEST(broken_utf8(text) == whole, text);
  const std::string_view broken[] = {"\x80",
                                     "\xC0\xAF",
                                     "\xC3",
                                     "\xE0\x80\x80",
                                     "\xED\xA0\x80",
                                     "\xE6\xBC",
                                     "\xF0\x80\x80\x80",
                                     "\xF4\x90\x80\x80",
                                     "\xF5\x80\x80\x80",
                                     "\xFF",
                                     "\xC3(",
                                     "\xE6(\xA2"};
  for (const std::string_view text : broken)
    for (const std::size_t before : {0, 1, 7, 8, 9, 64}) {
      const std::string with = std::string(before, 'a') + std::string(text);
      BOOST_TEST(broken_utf8(with) == before);
      BOOST_TEST(broken_utf8(with + "and more text") == before);
    }
}
