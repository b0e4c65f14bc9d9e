/** Which build of the page this is; put in when it is built. */
declare const __BUILD__: string;
