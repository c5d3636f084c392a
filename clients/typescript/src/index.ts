// Typed calls of the wangge service: `const { data, error } = await wangge(url, token).GET("/v1/locate", …)`.
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./schema.js";

export type { components, paths };

/** A refusal (RFC 9457), which `error` is whenever `data` is not there. */
export type Problem = components["schemas"]["Problem"];

/**
 * A client of one installation.
 *
 * @param baseUrl Its address, as https://grid.example/wangge.
 * @param token An API token (`wangge token issue`); without one only what is open to all is answered.
 * @param language Of refusals: zh or en.
 */
export function wangge(baseUrl: string, token?: string, language: "zh" | "en" = "zh"): Client<paths> {
  return createClient<paths>({
    baseUrl,
    headers: { "Accept-Language": language, ...(token ? { Authorization: `Bearer ${token}` } : {}) },
  });
}
