-- Clicks of a link by the host of the page that it was on; an empty host is none.
CREATE TABLE IF NOT EXISTS link_referrers (
  link_id BIGINT UNSIGNED NOT NULL,
  host VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  clicks BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (link_id, host)
) ENGINE = InnoDB;
